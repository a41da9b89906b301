package org.zegel

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import java.io.File
import java.util.TreeMap

/**
 * The process does not grow by what it opens: `-Dzegel.opens=1000000` for a million. The JVM's heap is resident from the
 * start, so that what grows is the bridge's.
 */
@EnabledOnOs(OS.LINUX)
class GrowthTest {
    /** An application's database, in Kotlin, that keeps the newest numbers alone: what grows is not it. */
    private class Forgetful : Database {
        private val rows = TreeMap<ByteArray, ByteArray>(java.util.Arrays::compareUnsigned)
        private val taken = ArrayDeque<ByteArray>()

        override fun get(key: ByteArray): ByteArray? = rows[key]

        override fun put(key: ByteArray, value: ByteArray) {
            rows[key] = value
            if (key[0] == 't'.code.toByte()) taken += key
            while (taken.size > 1000) rows.remove(taken.removeFirst())
        }

        override fun remove(key: ByteArray) {
            rows.remove(key)
        }

        override fun scan(from: ByteArray, limit: Int): List<Row> =
            rows.tailMap(from).entries.take(limit).map { Row(it.key, it.value) }
    }

    /** What an application throws when its disk is full. */
    private object Full : RuntimeException() {
        private fun readResolve(): Any = Full
    }

    @Test
    fun `opening does not grow the process`() {
        val opens = Integer.getInteger("zegel.opens", 60_000)
        val (device, pgo) = Person("watch") to Person("PGO")
        val sealer = device.sealer(pgo)
        val opener = pgo.opener(Store.over(Forgetful()).apply { pin(device.card) })
        // Opened in full, given to the application, and not taken: so the same message opens again.
        val again = pgo.opener(Store.memory().apply { pin(device.card) })
        val same = sealer.seal(TOPIC, beat("60"))
        var opened = 0
        val rounds = { count: Int ->
            repeat(count) {
                try {
                    again.open(TOPIC, same) { opened++; throw Full }
                } catch (_: Full) {
                    // As it should be.
                }
                if (it % 100 == 0) {
                    val sealed = sealer.seal(TOPIC, beat("$it"))
                    check(opener.receive(TOPIC, sealed) { }.verdict == Verdict.TAKEN)
                    refused(ZegelError.DUPLICATE) { opener.open(TOPIC, sealed) }
                    // Nobody closes this one but the collector.
                    Card.read(device.card.toByteArray())
                }
            }
            resident()
        }
        val before = rounds(opens / 3)
        val after = rounds(opens - opens / 3)
        println("$opened opens: ${before / 1024} MiB after a third of them, ${after / 1024} MiB after all")
        assertEquals(opens, opened)
        assertTrue(after - before < 24 * 1024, "it grew by ${after - before} KiB")
    }

    /** KiB of this process in memory. */
    private fun resident(): Long {
        repeat(3) {
            System.gc()
            Thread.sleep(100)
        }
        val line = File("/proc/self/status").readLines().single { it.startsWith("VmRSS:") }
        return line.filter { it.isDigit() }.toLong()
    }
}
