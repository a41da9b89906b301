package org.zegel

import org.zegel.internal.Pairing as Bridged
import org.zegel.internal.PairingCode as BridgedCode

/**
 * The code that one end shows and the other scans (SPEC §12.1). It is as secret as what it pairs, and serves once: a
 * [Pairing] takes it over.
 */
public class PairingCode internal constructor(bridged: BridgedCode) : AutoCloseable {
    internal val grip = Grip(bridged)
    internal val bridged get() = grip.bridged

    /** Who shows it. */
    public val shower: Id = Id(call { bridged.shower() })

    /** Its last second, since 1970; `null` where the shower has no clock. */
    public val expires: Long? = call { bridged.expires() }.faced()

    /**
     * The text of the code, for a QR code of version 5. A string cannot be wiped: draw it, let go of it, and trust in
     * that it serves once and not for long.
     */
    public fun text(): String {
        val text = call { bridged.text() }
        return String(text, Charsets.US_ASCII).also { text.fill(0) }
    }

    /** Lends the bytes of the code, as NFC or BLE carry them, and wipes them afterwards. */
    public fun <T> expose(use: (ByteArray) -> T): T {
        val bytes = call { bridged.bytes() }
        try {
            return use(bytes)
        } finally {
            bytes.fill(0)
        }
    }

    override fun close(): Unit = grip.close()

    override fun toString(): String = "PairingCode($shower, ..)"

    public companion object {
        /** Draws a code that [identity] shows for [lifetime] seconds, a day at most. */
        @JvmStatic
        @JvmOverloads
        public fun draw(identity: Identity, lifetime: Long, now: Long? = now()): PairingCode =
            PairingCode(call(identity.grip) { BridgedCode.draw(identity.bridged, now.bridged(), lifetime.bridged()) })

        /** Reads the text of a code as it was scanned; [ZegelError.MALFORMED], [ZegelError.WEAK_KEY]. */
        @JvmStatic
        public fun parse(text: String): PairingCode {
            val bytes = text.toByteArray()
            try {
                return PairingCode(call { BridgedCode.scan(bytes) })
            } finally {
                bytes.fill(0)
            }
        }

        /** Takes over the bytes of a code, and wipes the array that they came in. */
        @JvmStatic
        public fun of(bytes: ByteArray): PairingCode {
            try {
                return PairingCode(call { BridgedCode.fromBytes(bytes) })
            } finally {
                bytes.fill(0)
            }
        }
    }
}

/**
 * One end of a pairing (SPEC §12.4): give what arrives on [listensOn] to [take], and publish its answers on [speaksOn].
 * What it refuses changes nothing: a broker can invent messages, so go on listening until the code expires.
 */
public class Pairing private constructor(private val bridged: Bridged) : AutoCloseable {
    /** Where the partner's messages arrive: subscribe before anything is published or shown. */
    public val listensOn: String = call { bridged.listensOn() }

    /** Where this end's messages are published. */
    public val speaksOn: String = call { bridged.speaksOn() }

    /** Message 1, of the end that scanned: publish it once the subscription stands. */
    public val firstMessage: ByteArray? get() = call { bridged.firstMessage() }

    /** Takes a message; [ZegelError.CODE_USED] after the last one. Any other refusal: go on listening. */
    @JvmOverloads
    public fun take(message: ByteArray, now: Long? = now()): Step {
        val step = call { bridged.take(message, now.bridged()) }
        return Step(step.answer, step.partner?.let { Card(it) })
    }

    override fun close(): Unit = bridged.close()

    /** What a message leads to. */
    public class Step internal constructor(
        /** What to publish, where there is something. */
        public val answer: ByteArray?,
        /** The partner, proven: show label and fingerprint, pin it, and then publish the answer. The pairing is done. */
        public val partner: Card?,
    )

    public companion object {
        /** The end that shows [code]. [card] is one's own. */
        @JvmStatic
        @JvmOverloads
        public fun show(code: PairingCode, identity: Identity, card: Card, now: Long? = now()): Pairing =
            Pairing(of(code, identity, card) { Bridged.show(code.bridged, identity.bridged, card.bridged, now.bridged()) })

        /** The end that has scanned [code]; [ZegelError.REJECTED] for one's own, [ZegelError.EXPIRED]. */
        @JvmStatic
        @JvmOverloads
        public fun scan(code: PairingCode, identity: Identity, card: Card, now: Long? = now()): Pairing =
            Pairing(of(code, identity, card) { Bridged.answer(code.bridged, identity.bridged, card.bridged, now.bridged()) })

        private fun of(code: PairingCode, identity: Identity, card: Card, work: () -> Bridged): Bridged =
            call(code.grip, identity.grip, card.grip) { work() }
    }
}
