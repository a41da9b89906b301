package org.zegel

import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test

/** Opens a second through the binding, on one thread: `cargo xtask kotlin bench`, beside the crate's own. */
@Tag("bench")
class Bench {
    private val device = Person("watch")
    private val pgo = Person("PGO")
    private val body = Measurement(ByteArray(100) { 7 }, Format.OCTET_STREAM, null)

    @Test
    fun opens() {
        repeat(3) {
            val sealer = device.sealer(pgo)
            measure("Kotlin, envelopes", List(COUNT) { sealer.seal(TOPIC, body) }, emptyList())
            val session = sealer.begin(TOPIC, SessionLimits(block = 64), null)
            val messages = List(COUNT) {
                if (session.manifestDue) session.manifest(TOPIC) else session.seal(TOPIC, body, null)
            }
            measure("Kotlin, session messages", messages, listOf(session.keyframe))
            session.end()
        }
    }

    private fun measure(what: String, messages: List<ByteArray>, before: List<ByteArray>) {
        val store = Store.memory().apply { pin(device.card) }
        val opener = pgo.opener(store, Acceptance.ANYTHING)
        before.forEach { opener.open(TOPIC, it, null, proven = false) }
        val start = System.nanoTime()
        for (message in messages) opener.open(TOPIC, message, null, proven = false)
        val seconds = (System.nanoTime() - start) / 1e9
        println("%-28s %8.0f opens a second".format(what, messages.size / seconds))
    }

    private companion object {
        const val COUNT = 10_000
    }
}
