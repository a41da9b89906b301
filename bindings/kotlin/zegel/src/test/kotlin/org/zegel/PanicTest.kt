package org.zegel

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** A panic is a bug, and comes out as one: as an error that nobody catches in passing. */
@Tag("test-keys")
class PanicTest {
    @Test
    fun `a panic is not swallowed, and closes what it was in`() {
        val (device, pgo) = Person("watch") to Person("PGO")
        val sealer = device.sealer(pgo)
        Script.draws(ByteArray(32) { -1 })
        val bug = assertThrows<ZegelBug> { sealer.seal(TOPIC, beat("61")) }
        assertNull(bug.cause, "what a panic says may be anybody's")
        refused(ZegelError.BAD_CONTEXT) { sealer.seal(TOPIC, beat("61")) }
        assertEquals(0, Script.left())
        device.sealer(pgo).seal(TOPIC, beat("61"))
    }
}
