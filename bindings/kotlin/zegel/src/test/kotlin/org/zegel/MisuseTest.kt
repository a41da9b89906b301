package org.zegel

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit

/** What an application does wrong, and the other half of the time without knowing: it is told so by the one exception. */
class MisuseTest {
    private val device = Person("watch")
    private val pgo = Person("PGO")

    @Test
    fun `what is closed is neither called nor given`(@TempDir folder: Path) {
        val (identity, key, card) = Triple(Identity.generate(), KemKey.generate(), Person("closed").card)
        val (store, seed) = Store.memory() to Secret.random()
        val pack = Pack(listOf(Record.number("heart-rate", "beat/min", 61.0)))
        val code = PairingCode.draw(pgo.identity, 600)
        val (sealer, opener) = device.sealer(pgo) to pgo.opener(Store.memory())
        val pairing = Pairing.show(PairingCode.draw(pgo.identity, 600), pgo.identity, pgo.card)
        val all = listOf(identity, key, card, store, seed, pack, code, sealer, opener, pairing)
        all.forEach { it.close() }
        all.forEach { it.close() }
        val file = Store.file(folder.resolve("state"))
        val calls: List<() -> Any?> = listOf(
            { identity.publicKey }, { key.kid }, { card.toByteArray() }, { store.peers() }, { seed.expose { it } },
            { pack.encode() }, { code.text() }, { sealer.seal(TOPIC, beat("61")) }, { opener.retry { } },
            { pairing.take(ByteArray(1)) }, { Card.issue(identity, claims("", 1)) },
            { Card.issue(device.identity, claims("", 1, key)) }, { Store.memory().pin(card) }, { file.renew(card) },
            { Identity.of(seed) }, { KemKey.of(seed) }, { file.setIdentity(seed) }, { file.addKemKey(seed) },
            { Sealer(identity, pgo.card, Store.memory()) }, { Sealer(device.identity, card, Store.memory()) },
            { Sealer(device.identity, pgo.card, store) }, { device.sealer(pgo).renew(card) },
            { device.sealer(pgo).begin(TOPIC).renew(card) }, { Opener(pgo.id, listOf(pgo.key, key), Store.memory()) },
            { pgo.opener(store) }, { GroupSealer(device.identity, listOf(pgo.card, card), Store.memory()) },
            { device.sealer(pgo).seal(TOPIC, pack, Policy()) }, { Pairing.show(code, pgo.identity, pgo.card) },
            { Pairing.scan(PairingCode.draw(pgo.identity, 600), identity, pgo.card) },
            { PairingCode.draw(identity, 600) }, { Introduction.write(listOf(card)) },
        )
        for (work in calls) refused(ZegelError.BAD_CONTEXT, work)
    }

    @Test
    fun `a key that one thread closes serves the others until then`() {
        val pool = Executors.newFixedThreadPool(4)
        repeat(200) {
            val identity = Identity.generate()
            val issue = Callable {
                generateSequence { runCatching { Card.issue(identity, claims("watch", 1)) } }.first { it.isFailure }
            }
            val ends = List(3) { pool.submit(issue) }
            pool.submit { identity.close() }
            for (end in ends) {
                val thrown = end.get(10, TimeUnit.SECONDS).exceptionOrNull()
                assertEquals(ZegelError.BAD_CONTEXT, (thrown as ZegelException).error)
            }
        }
        pool.shutdown()
    }

    @Test
    fun `no number is below zero, and no clock erases a key`(@TempDir folder: Path) {
        val store = Store.file(folder.resolve("state"))
        Secret.random().use { store.addKemKey(it, created = 5) }
        store.retireKemKey(store.kemKeys().single().key.kid, at = 10)
        // A clock that stands at 1970, less a month of grace.
        assertEquals(0, store.eraseRetired(before = 5 - 31 * 86_400))
        assertEquals(1, store.kemKeys().size)
        val opener = pgo.opener(store)
        assertEquals(Verdict.EARLY, opener.receive(TOPIC, device.sealer(pgo).seal(TOPIC, beat("61"))) { }.verdict)
        assertEquals(0, store.expireShelf(before = -1))
        assertEquals(1, store.shelved())
        val sealer = device.sealer(pgo)
        val calls: List<() -> Any?> = listOf(
            { pgo.opener(store, Acceptance(maxAge = -1)) },
            { opener.open(TOPIC, sealer.seal(TOPIC, beat("61")), now = -1) },
            { sealer.seal(TOPIC, Measurement(ByteArray(1), time = -1)) },
            { sealer.begin(TOPIC, SessionLimits(block = -1)) },
            { sealer.begin(TOPIC, now = -1) },
            { Card.issue(device.identity, claims("", -1)) },
            { PairingCode.draw(pgo.identity, -1) },
            { Pack(listOf(Record("a", baseVersion = -1))) },
            { Pack(listOf(Record.number("a", "%", 1.0))).withheld(Policy(timeResolution = -1)) },
        )
        for (work in calls) refused(ZegelError.BAD_ARGUMENT, work)
        assertEquals(SessionLimits(block = -1), SessionLimits(block = -1))
    }

    @Test
    fun `half a character is no text`() {
        val half = "\uD83D"
        val (sealer, opener) = device.sealer(pgo) to pgo.opener(Store.memory())
        val pack = Pack(listOf(Record.number("heart-rate", "beat/min", 61.0)))
        val topics: List<() -> Any?> = listOf(
            { sealer.seal(half, beat("61")) }, { sealer.seal(half, pack, Policy()) }, { sealer.begin(half) },
            { opener.open(half, ByteArray(9)) }, { opener.look(half, ByteArray(9)) },
            { device.sealer(pgo).begin(TOPIC).seal(half, beat("61")) },
            { device.sealer(pgo).begin(TOPIC).manifest(half) },
        )
        for (work in topics) refused(ZegelError.INVALID_TOPIC, work)
        assertEquals(Verdict.REFUSED, opener.receive(half, ByteArray(9)) { }.verdict)
        val texts: List<() -> Any?> = listOf(
            { Card.issue(device.identity, claims(half, 1)) }, { pack.withheld(Policy(listOf(half))) },
            { Pack(listOf(Record(half))) }, { Id.parse(half) },
        )
        for (work in texts) refused(ZegelError.BAD_ARGUMENT, work)
        refused(ZegelError.MALFORMED) { PairingCode.parse(half) }
        val whole = Card.issue(device.identity, claims("hart \uD83D\uDC93 ą", 1))
        assertEquals("hart \uD83D\uDC93 ą", Card.read(whole.toByteArray()).label)
    }

    @Test
    fun `a session ends once, whoever ends it, and with its sealer`() {
        val sealer = device.sealer(pgo)
        repeat(50) {
            val session = sealer.begin(TOPIC)
            val pool = Executors.newFixedThreadPool(4)
            val ends = List(4) { pool.submit { runCatching { session.end() } ; session.close() } }
            ends.forEach { it.get(10, TimeUnit.SECONDS) }
            pool.shutdown()
            sealer.seal(TOPIC, beat("61"))
        }
        val session = sealer.begin(TOPIC)
        sealer.close()
        session.close()
        refused(ZegelError.BAD_CONTEXT) { session.unsigned }
    }

    @Test
    fun `a signer that comes back is told so, and does not hang`() {
        val keystore = OutsideTest.Keystore()
        val identity = Identity.of(keystore, Secret.random())
        val session = Sealer(identity, pgo.card, Store.memory()).begin(TOPIC)
        session.seal(TOPIC, beat("61"))
        var told: ZegelException? = null
        keystore.meanwhile = { told = refused(ZegelError.BUSY) { session.seal(TOPIC, beat("62")) } }
        session.manifest(TOPIC)
        assertEquals(ZegelError.BUSY, told?.error)
    }

    @Test
    fun `a holder that has no public key is unavailable`() {
        val gone = IllegalStateException("the user has removed the key")
        val signer = object : Signer {
            override val publicKey: ByteArray get() = throw gone

            override fun sign(message: ByteArray, noise: ByteArray) = ByteArray(64)
        }
        assertSame(gone, refused(ZegelError.KEY_UNAVAILABLE) { Identity.of(signer, Secret.random()) }.cause)
        val agreement = object : KeyAgreement {
            override val publicKey: ByteArray get() = throw gone

            override fun agree(peer: ByteArray) = ByteArray(32)
        }
        assertSame(gone, refused(ZegelError.KEY_UNAVAILABLE) { KemKey.of(agreement) }.cause)
    }

    @Test
    fun `a receipt says what lies behind it`() {
        val table = OutsideTest.Table()
        val opener = pgo.opener(Store.over(table).apply { pin(device.card) })
        val sealed = device.sealer(pgo).seal(TOPIC, beat("61"))
        table.broken = IllegalStateException("disk full")
        val later = opener.receive(TOPIC, sealed) { }
        assertEquals(Verdict.LATER to ZegelError.STORAGE, later.verdict to later.error)
        assertSame(table.broken, later.exception!!.cause)
        table.broken = null
        assertNull(opener.receive(TOPIC, sealed) { }.exception)
        assertNull(opener.receive(TOPIC, sealed) { }.exception!!.cause)
    }

    @Test
    fun `a point that Java refuses is the message's fault`() {
        val key = KemKey.of(OutsideTest.Agreement())
        val card = Card.issue(pgo.identity, claims("held", 1, key))
        val sealed = Sealer(device.identity, card, Store.memory()).seal(TOPIC, beat("61"))
        val at = (Sight.inspect(sealed) as Sight.Envelope).ek.let { ek ->
            (0..sealed.size - 32).first { sealed.copyOfRange(it, it + 32).contentEquals(ek) }
        }
        sealed.fill(0, at, at + 32)
        val opener = Opener(pgo.id, listOf(key), Store.memory().apply { pin(device.card) })
        assertEquals(Verdict.REFUSED, opener.receive(TOPIC, sealed) { }.verdict)
        assertTrue(opener.receive(TOPIC, ByteArray(64 shl 20)) { }.acknowledge)
    }
}
