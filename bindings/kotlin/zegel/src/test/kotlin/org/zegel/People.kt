package org.zegel

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.assertThrows

/** Somebody with keys and a card, for tests. */
class Person(label: String) : AutoCloseable {
    val identity = Identity.generate()
    val key = KemKey.generate()
    val card = Card.issue(identity, claims(label, 1, key))
    val id get() = identity.id

    fun sealer(to: Person, store: Store = Store.memory()) = Sealer(identity, to.card, store)

    fun opener(store: Store, acceptance: Acceptance = Acceptance()) = Opener(id, listOf(key), store, acceptance)

    override fun close() {
        card.close()
        key.close()
        identity.close()
    }
}

const val TOPIC = "zegel/7f3a/1"

fun claims(label: String, serial: Long, vararg keys: KemKey) =
    CardClaims(serial, 0, 4_000_000_000, label, keys.toList())

fun beat(text: String) = Measurement(text.toByteArray(), Format.OCTET_STREAM)

/** The refusal names its error. */
fun refused(error: ZegelError, work: () -> Any?): ZegelException {
    val exception = assertThrows<ZegelException> { work() }
    assertEquals(error, exception.error)
    return exception
}
