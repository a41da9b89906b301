package org.zegel

import com.sun.jna.Native
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer

/**
 * Closing wipes: after it, no byte of this process's memory outside of the JVM's own heap holds the secret. Inside of
 * that heap nobody can promise it: the collector moves arrays, and leaves what they were.
 */
@EnabledOnOs(OS.LINUX)
class SecretMemoryTest {
    /** Known here only behind a mask, so that the search does not find itself. */
    private class Masked(secret: ByteArray) {
        private val bytes = ByteArray(secret.size) { (secret[it].toInt() xor 0x5a).toByte() }

        fun at(buffer: ByteBuffer, place: Int): Boolean {
            for (i in bytes.indices) if ((buffer.get(place + i).toInt() xor 0x5a).toByte() != bytes[i]) return false
            return true
        }

        val size get() = bytes.size
    }

    /** How often the secret stands in memory, outside of the JVM's heap. */
    private fun count(secret: Masked): Int {
        val buffer = ByteBuffer.allocateDirect(1 shl 20)
        val own = com.sun.jna.Pointer.nativeValue(Native.getDirectBufferPointer(buffer))
        var found = 0
        RandomAccessFile("/proc/self/mem", "r").use { memory ->
            for ((from, to) in regions()) {
                var at = from
                while (at < to) {
                    if (at in own until own + buffer.capacity()) {
                        at = own + buffer.capacity()
                        continue
                    }
                    val end = if (at < own) minOf(to, own) else to
                    buffer.clear().limit(minOf(buffer.capacity().toLong(), end - at).toInt())
                    val read = try {
                        memory.channel.read(buffer, at)
                    } catch (_: java.io.IOException) {
                        -1
                    }
                    if (read < secret.size) break
                    for (place in 0..read - secret.size) if (secret.at(buffer, place)) found++
                    buffer.clear()
                    repeat(buffer.capacity() / 8) { buffer.putLong(0) }
                    // The next piece overlaps, so that nothing hides on an edge.
                    at += if (read < buffer.capacity()) read else read - secret.size + 1
                }
            }
        }
        return found
    }

    /** What can be written, above the JVM's heap: with compressed references that lies below 32 GiB. */
    private fun regions(): List<Pair<Long, Long>> = File("/proc/self/maps").readLines()
        .filter { it.substringAfter(' ').startsWith("rw") }
        .map { line -> line.substringBefore(' ').split('-').map { it.toLong(16) } }
        .map { (from, to) -> from to to }
        .filter { (from, _) -> from >= 32L shl 30 }

    @Test
    fun `closing wipes a secret, an identity and a KEM key`() {
        val secret = Secret.random()
        val masked = secret.expose { Masked(it) }
        assertTrue(count(masked) >= 1, "the search finds what is there")
        val identity = Identity.of(secret)
        val key = KemKey.of(secret)
        val card = Card.issue(identity, claims("me", 1, key))
        val sealer = Sealer(identity, card, Store.memory())
        sealer.seal(TOPIC, beat("61"))
        secret.close()
        assertTrue(count(masked) >= 1, "identity and key have copies of their own")
        listOf(sealer, identity, key).forEach { it.close() }
        assertEquals(0, count(masked))
    }
}
