package org.zegel

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** What an application does wrong, and the other half of the time without knowing: it is told so by the one exception. */
class MisuseTest {
    private val device = Person("watch")
    private val pgo = Person("PGO")

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
}
