package org.zegel

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.io.IOException
import java.nio.file.Path
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit

/** The face as an application uses it. */
class FaceTest {
    private val device = Person("watch")
    private val pgo = Person("PGO")
    private val gp = Person("GP")

    @Test
    fun `the table of errors is the one of SPEC 14`() {
        val listed = org.zegel.internal.errors().associate { it.number.toInt() to it.name }
        val faced = ZegelError.entries.filter { it.number > 0 }
        assertEquals(listed.keys, faced.map { it.number }.toSet())
        for (error in faced) assertEquals(listed[error.number]!!.uppercase(), error.name.replace("_", ""))
    }

    @Test
    fun `a measurement is taken once, and handed on with both hands shown`() {
        val store = Store.memory().apply { pin(device.card) }
        val opener = pgo.opener(store)
        val sealed = device.sealer(pgo).seal(TOPIC, beat("61"))
        assertEquals(pgo.key.kid, (Sight.inspect(sealed) as Sight.Envelope).claimedRecipient)
        val opened = opener.open(TOPIC, sealed)
        assertEquals("61", String(opened.body!!))
        assertEquals(device.id, opened.sender)
        assertEquals(Provenance.SIGNED, opened.provenance)
        refused(ZegelError.DUPLICATE) { opener.open(TOPIC, sealed) }
        refused(ZegelError.REJECTED) { opener.open("$TOPIC/other", device.sealer(pgo).seal(TOPIC, beat("62"))) }

        val evidence = Evidence.verify(opened.proven.single().evidence)
        assertEquals(listOf(pgo.id), evidence.audience)
        val toGp = pgo.sealer(gp).forward(TOPIC, opened.proven.single().evidence)
        val theirs = Store.memory().apply { pin(pgo.card) }
        refused(ZegelError.UNKNOWN_SENDER) { gp.opener(theirs).open(TOPIC, toGp) }
        val introduction = pgo.sealer(gp).run {
            // A later stream of the same two: the number of the forward above is taken by then.
            nextSequence()
            introduce(TOPIC, Introduction.write(listOf(device.card)))
        }
        gp.opener(theirs).open(TOPIC, introduction)
        assertEquals(listOf(device.id), theirs.introduced(pgo.id))
    }

    @Test
    fun `custody names both hands, and how the origin is known`() {
        val store = Store.memory().apply { pin(device.card) }
        val opened = pgo.opener(store).open(TOPIC, device.sealer(pgo).seal(TOPIC, beat("61")))
        val theirs = Store.memory().apply { pin(pgo.card) }
        val (sealer, opener) = pgo.sealer(gp) to gp.opener(theirs)
        opener.open(TOPIC, sealer.introduce(TOPIC, Introduction.write(listOf(device.card))))
        val custody = opener.open(TOPIC, sealer.forward(TOPIC, opened.proven.single().evidence)).content as Content.Custody
        assertEquals(Origin.VOUCHED, custody.known)
        assertEquals(device.id to pgo.id, custody.origin to custody.forwarder)
        assertEquals(opened.digest, custody.evidence.digest)
    }

    @Test
    fun `what the application cannot store is not taken, and its own exception comes back`(@TempDir folder: Path) {
        for (store in listOf(Store.memory(), Store.file(folder.resolve("state")))) {
            store.pin(device.card)
            val opener = pgo.opener(store)
            val sealed = device.sealer(pgo).seal(TOPIC, beat("61"))
            val full = IOException("no room")
            assertSame(full, assertThrows<IOException> { opener.open(TOPIC, sealed) { throw full } })
            assertSame(full, assertThrows<IOException> { opener.receive(TOPIC, sealed) { throw full } })
            // What a taker meets elsewhere, with a sealer for the GP perhaps, is no verdict on this message.
            for (error in listOf(ZegelError.DUPLICATE, ZegelError.REVOKED, ZegelError.STORAGE)) {
                val elsewhere = ZegelException(error)
                assertSame(elsewhere, assertThrows<ZegelException> { opener.receive(TOPIC, sealed) { throw elsewhere } })
            }
            val stored = mutableListOf<Opened>()
            assertEquals(Verdict.TAKEN, opener.receive(TOPIC, sealed) { stored += it }.verdict)
            assertEquals(Verdict.DUPLICATE, opener.receive(TOPIC, sealed) { stored += it }.verdict)
            assertEquals("61", String(stored.single().body!!))
            store.close()
        }
    }

    @Test
    fun `a session is sealed, signed a block at a time, and can be early`(@TempDir folder: Path) {
        val store = Store.file(folder.resolve("state")).apply { pin(device.card) }
        val opener = pgo.opener(store)
        val sealer = device.sealer(pgo)
        val messages = mutableListOf<ByteArray>()
        sealer.begin(TOPIC, SessionLimits(block = 2)).use { session ->
            refused(ZegelError.BAD_CONTEXT) { sealer.seal(TOPIC, beat("60")) }
            messages += session.seal(TOPIC, beat("61"))
            messages += session.seal(TOPIC, beat("62"))
            assertTrue(session.manifestDue)
            refused(ZegelError.MANIFEST_DUE) { session.seal(TOPIC, beat("63")) }
            messages += session.keyframe
            messages += session.manifest(TOPIC)
            assertEquals(0, session.unsigned)
            session.end()
            refused(ZegelError.BAD_CONTEXT) { session.seal(TOPIC, beat("64")) }
        }
        sealer.seal(TOPIC, beat("65"))
        val taken = mutableListOf<Opened>()
        val verdicts = messages.map { opener.receive(TOPIC, it) { opened -> taken += opened }.verdict }
        assertEquals(listOf(Verdict.EARLY, Verdict.EARLY, Verdict.TAKEN, Verdict.TAKEN), verdicts)
        assertEquals(4, taken.size)
        assertEquals(listOf("61", "62"), taken.last().proven.map { String(Evidence.verify(it.evidence).body) })
    }

    @Test
    fun `an alarm stays until somebody has seen it`() {
        val store = Store.memory().apply { pin(device.card) }
        val opener = pgo.opener(store)
        val clones = listOf("1", "2").map { device.sealer(pgo).seal(TOPIC, beat(it)) }
        val receipts = clones.map { opener.receive(TOPIC, it) { } }
        assertEquals(listOf(Verdict.TAKEN, Verdict.ALARM), receipts.map { it.verdict })
        assertTrue(receipts.all { it.acknowledge })
        val event = store.events().single() as Event.Conflict
        assertEquals(device.id, event.sender)
        assertTrue(store.dismiss(event))
        assertFalse(store.dismiss(event))
    }

    @Test
    fun `two ends pair by a code`() {
        val code = PairingCode.draw(pgo.identity, 600)
        val scanned = PairingCode.parse(code.text())
        val shower = Pairing.show(code, pgo.identity, pgo.card)
        refused(ZegelError.BAD_CONTEXT) { code.text() }
        val scanner = Pairing.scan(scanned, device.identity, device.card)
        assertEquals(shower.listensOn, scanner.speaksOn)
        refused(ZegelError.MALFORMED) { shower.take("noise".toByteArray()) }
        val three = scanner.take(shower.take(scanner.firstMessage!!).answer!!).answer!!
        val last = shower.take(three)
        assertEquals(device.id, last.partner!!.id)
        val done = scanner.take(last.answer!!)
        assertEquals(pgo.card.digest, done.partner!!.digest)
        assertNull(done.answer)
        refused(ZegelError.CODE_USED) { scanner.take("more".toByteArray()) }
    }

    @Test
    fun `what no policy lists stays home`() {
        val pack = Pack(
            listOf(
                Record.number("heart-rate", "beat/min", 69.0).copy(baseName = "urn:dev:1:", baseTime = 1.764e9 + 7),
                Record.number("latitude", "lat", 52.37),
            ),
        )
        val policy = Policy().allow("heart-rate")
        assertEquals(listOf("urn:dev:1:latitude"), pack.withheld(policy))
        val store = Store.memory().apply { pin(device.card) }
        val opened = pgo.opener(store).open(TOPIC, device.sealer(pgo).seal(TOPIC, pack, policy))
        val reading = Pack.decode(opened.body!!).resolved(opened.time).single()
        assertEquals(Triple("heart-rate", 69.0, 1.764e9), Triple(reading.name, reading.value?.asNumber(), reading.time))
        refused(ZegelError.NOTHING_ALLOWED) { device.sealer(pgo).seal(TOPIC, pack, Policy()) }
        val wave = Pack(listOf(Record("wave", Value.Data(byteArrayOf(6, 1)))))
        assertEquals(wave.records, Pack.decode(wave.encode()).records)
    }

    @Test
    fun `threads share an opener and a sealer`() {
        val store = Store.memory().apply { pin(device.card) }
        val (sealer, opener) = device.sealer(pgo) to pgo.opener(store)
        val pool = Executors.newFixedThreadPool(4)
        val opened = (1..64).map { n -> pool.submit<Opened> { opener.open(TOPIC, sealer.seal(TOPIC, beat("$n"))) } }
        assertEquals((0L..63L).toSet(), opened.map { it.get().sequence }.toSet())
        pool.shutdown()
        assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS))
    }

    @Test
    fun `a group opens the same, and its members are named`() {
        val store = Store.memory().apply { pin(device.card) }
        val sealer = GroupSealer(device.identity, listOf(pgo.card, gp.card), Store.memory())
        val sealed = sealer.seal(TOPIC, beat("61"))
        assertEquals(2, (Sight.inspect(sealed) as Sight.GroupEnvelope).claimedRecipients.size)
        for (member in listOf(pgo, gp)) {
            val opened = member.opener(Store.memory().apply { pin(device.card) }).open(TOPIC, sealed)
            assertEquals(sealer.stream, opened.stream)
        }
        assertArrayEquals("61".toByteArray(), pgo.opener(store).look(TOPIC, sealed).claimedBody)
    }
}
