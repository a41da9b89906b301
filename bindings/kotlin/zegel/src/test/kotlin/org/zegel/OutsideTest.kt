package org.zegel

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.math.BigInteger
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.EdECPublicKey
import java.security.interfaces.XECPublicKey
import java.security.spec.NamedParameterSpec
import java.security.spec.XECPublicKeySpec
import java.util.TreeMap
import javax.crypto.KeyAgreement as JavaAgreement

/** What an application brings: keys that the platform holds, and a database of its own. */
class OutsideTest {
    private val device = Person("watch")
    private val pgo = Person("PGO")

    /** The JVM's own keys, as Android's keystore would hold them. */
    class Keystore : Signer {
        private val pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()
        var gone = false
        var meanwhile = {}
        override val publicKey: ByteArray
            get() {
                val point = (pair.public as EdECPublicKey).point
                return point.y.littleEndian().also { if (point.isXOdd) it[31] = (it[31].toInt() or 0x80).toByte() }
            }

        override fun sign(message: ByteArray, noise: ByteArray): ByteArray {
            check(!gone) { "the user has removed the key" }
            meanwhile()
            return Signature.getInstance("Ed25519").apply { initSign(pair.private); update(message) }.sign()
        }
    }

    class Agreement : KeyAgreement {
        private val pair = KeyPairGenerator.getInstance("X25519").generateKeyPair()
        override val publicKey: ByteArray get() = (pair.public as XECPublicKey).u.littleEndian()

        override fun agree(peer: ByteArray): ByteArray {
            val spec = XECPublicKeySpec(NamedParameterSpec.X25519, BigInteger(1, peer.reversedArray()))
            val agreement = JavaAgreement.getInstance("X25519").apply { init(pair.private as PrivateKey) }
            agreement.doPhase(KeyFactory.getInstance("X25519").generatePublic(spec), true)
            return agreement.generateSecret()
        }
    }

    /** A database in memory, with a transaction as SQLite has one. */
    class Table : Database {
        var rows = TreeMap<ByteArray, ByteArray>(java.util.Arrays::compareUnsigned)
        var broken: Exception? = null

        override fun get(key: ByteArray): ByteArray? = rows[key]

        override fun put(key: ByteArray, value: ByteArray) {
            broken?.let { throw it }
            rows[key] = value
        }

        override fun remove(key: ByteArray) {
            rows.remove(key)
        }

        override fun scan(from: ByteArray, limit: Int): List<Row> =
            rows.tailMap(from).entries.take(limit).map { Row(it.key, it.value) }
    }

    @Test
    fun `keys of the platform seal and open`() {
        val (keystore, agreement) = Keystore() to Agreement()
        val identity = Identity.of(keystore, Secret.random())
        val key = KemKey.of(agreement)
        val card = Card.issue(identity, claims("held", 1, key))
        val store = Store.memory().apply { pin(card); pin(device.card) }
        val toMe = Sealer(device.identity, card, Store.memory()).seal(TOPIC, beat("61"))
        assertEquals("61", String(Opener(identity.id, listOf(key), store).open(TOPIC, toMe).body!!))
        val sealer = Sealer(identity, pgo.card, Store.memory(), SealerOptions(selfCheck = true))
        assertEquals(identity.id, pgo.opener(store).open(TOPIC, sealer.seal(TOPIC, beat("62"))).sender)
        keystore.gone = true
        val exception = refused(ZegelError.KEY_UNAVAILABLE) { sealer.seal(TOPIC, beat("63")) }
        assertEquals("the user has removed the key", exception.cause!!.message)
        assertFalse(exception.message!!.contains("removed"), "what the application says is in no message of ours")
    }

    @Test
    fun `the state survives in the application's own database`() {
        val table = Table()
        val sealed = device.sealer(pgo).seal(TOPIC, beat("61"))
        Store.over(table).use { store ->
            store.pin(device.card)
            pgo.opener(store).use { it.open(TOPIC, sealed) }
        }
        Store.over(table).use { store ->
            assertEquals(device.id, store.peers().single().card.id)
            refused(ZegelError.DUPLICATE) { pgo.opener(store).open(TOPIC, sealed) }
        }
        val sealer = { device.sealer(pgo, Store.over(table)) }
        val first = sealer().nextSequence()
        assertTrue(sealer().nextSequence() > first, "numbers go on after a restart")
    }

    @Test
    fun `a database that fails is a reason, and nothing was taken`() {
        val table = Table()
        val store = Store.over(table).apply { pin(device.card) }
        val opener = pgo.opener(store)
        val sealed = device.sealer(pgo).seal(TOPIC, beat("61"))
        table.broken = IllegalStateException("disk full")
        val before = TreeMap(table.rows)
        val exception = refused(ZegelError.STORAGE) { opener.open(TOPIC, sealed) }
        assertSame(table.broken, exception.cause)
        assertEquals(before.keys.size, table.rows.keys.size)
        assertEquals(Verdict.LATER, opener.receive(TOPIC, sealed) { }.verdict)
        table.broken = null
        assertEquals(Verdict.TAKEN, opener.receive(TOPIC, sealed) { }.verdict)
    }

    @Test
    fun `a taker that comes back is told so, and does not hang`(@TempDir folder: Path) {
        for (store in listOf(Store.memory(), Store.file(folder.resolve("state")))) {
            store.pin(device.card)
            val sealed = device.sealer(pgo).seal(TOPIC, beat("61"))
            val opener = pgo.opener(store)
            val exception = refused(if (store is FileStore) ZegelError.STORAGE else ZegelError.BUSY) {
                opener.open(TOPIC, sealed) { store.revoke(device.id) }
            }
            assertTrue(exception.trouble == Trouble.BUSY || exception.error == ZegelError.BUSY)
        }
    }

    @Test
    fun `a store in a file holds one's keys, and says what the matter is`(@TempDir folder: Path) {
        val path = folder.resolve("state")
        val id = Store.file(path).use { store ->
            Secret.random().use { store.setIdentity(it) }
            Secret.random().use { store.addKemKey(it) }
            val other = refused(ZegelError.STORAGE) { Store.file(path) }
            assertEquals(Trouble.LOCKED, other.trouble)
            refused(ZegelError.CONFLICT) { Secret.random().use { store.setIdentity(it) } }
            assertEquals(1, store.kemKeys().size)
            val key = store.kemKeys().single()
            assertTrue(store.retireKemKey(key.key.kid, at = 10))
            assertEquals(1, store.eraseRetired(before = 11))
            assertNotNull(store.identity()).let { store.identity()!!.id }
        }
        Store.file(path).use { assertEquals(id, it.identity()!!.id) }
        Files.write(path, ByteArray(5000))
        val damaged = refused(ZegelError.STORAGE) { Store.file(path) }
        assertTrue(damaged.trouble in listOf(Trouble.NOT_A_STORE, Trouble.CORRUPT), "${damaged.trouble}")
    }

    @Test
    fun `a mistake in the call is a number below zero`() {
        refused(ZegelError.BAD_ARGUMENT) { Id(ByteArray(31)) }
        refused(ZegelError.BAD_ARGUMENT) { Secret.of(ByteArray(31)) }
        refused(ZegelError.WEAK_KEY) { Identity.of(Secret.of(ByteArray(32))) }
        refused(ZegelError.RESERVED) { device.sealer(pgo).seal(TOPIC, Measurement(ByteArray(1), 65_000)) }
        refused(ZegelError.INVALID_TOPIC) { device.sealer(pgo).seal("a/#", beat("1")) }
    }
}

private fun BigInteger.littleEndian(): ByteArray = toByteArray().reversedArray().copyOf(32)
