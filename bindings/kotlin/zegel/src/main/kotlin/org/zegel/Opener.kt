package org.zegel

import org.zegel.internal.Acceptance as BridgedAcceptance
import org.zegel.internal.Opened as BridgedOpened
import org.zegel.internal.Opener as Bridged
import org.zegel.internal.Taker as BridgedTaker

/** Limits on what is accepted (SPEC §7.5). The defaults let a phone deliver a month late, and a clock be 5 minutes off. */
public class Acceptance @JvmOverloads constructor(
    /** Most seconds between a measurement and its arrival; `null` for any. */
    public val maxAge: Long? = 31 * 86_400,
    /** Most seconds that a measurement's time may lie ahead of the receiver's clock; `null` for any. */
    public val maxSkew: Long? = 300,
    /** Most numbers that an arrival may pass over; `null` for any. */
    public val maxJump: Long? = 1L shl 20,
) {
    internal fun bridged() = BridgedAcceptance(maxAge.bridged(), maxSkew.bridged(), maxJump.bridged())

    public companion object {
        /** Takes whatever is proven. */
        @JvmField
        public val ANYTHING: Acceptance = Acceptance(null, null, null)
    }
}

/**
 * Stores what was opened, durably, or throws. It runs in the middle of the transaction that takes the number: where it
 * throws, nothing was taken, and the broker will deliver the message again. It makes no call to the same [Store], nor
 * to an opener or a sealer of it: [ZegelError.BUSY].
 */
public fun interface Taker {
    /**
     * Stores it under its [Opened.digest]. What was stored and yet not taken, because the power went in between, comes
     * once more under the same digest.
     */
    @Throws(Exception::class)
    public fun take(opened: Opened)
}

/**
 * Opens what was sealed for one identity, with any of its keys: the current one, and older ones in their grace period.
 * Every call blocks for as long as the store's disk does; from a coroutine, call it on `Dispatchers.IO`. Any thread may
 * call it.
 */
public class Opener @JvmOverloads constructor(
    private val me: Id,
    keys: List<KemKey>,
    store: Store,
    acceptance: Acceptance = Acceptance(),
) : AutoCloseable {
    private val bridged = call(store.grip, *keys.map { it.grip }.toTypedArray()) {
        Bridged(me.raw, keys.map { it.bridged }, store.bridged, acceptance.bridged())
    }

    /**
     * Opens what arrived on [topic], and takes its number. With [proven], [Opened.proven] is what can be handed on
     * since then. Throws the errors of SPEC §7.1, and whatever [taker] throws; acknowledge to the broker after all of
     * them but [ZegelError.STORAGE], [ZegelError.FULL], [ZegelError.ENTROPY], [ZegelError.KEY_UNAVAILABLE] and the
     * taker's.
     */
    @JvmOverloads
    public fun open(
        topic: String,
        message: ByteArray,
        now: Long? = now(),
        proven: Boolean = true,
        taker: Taker? = null,
    ): Opened = Opened(call { bridged.open(topic.topic(), now.bridged(), message, proven, taker?.let { Taking(it) }) }, me)

    /**
     * What a subscription does with each message: opens it, and what had waited for it, and says what became of it.
     * What came too early, before its keyframe or its sender's card, is kept, sealed and within a bound, until it can
     * be opened; where there is no room it is refused, and lost. Throws what [taker] throws, and [ZegelException] for
     * mistakes in the call.
     */
    @JvmOverloads
    public fun receive(topic: String, message: ByteArray, now: Long? = now(), proven: Boolean = true, taker: Taker): Receipt =
        Taking(taker).let { Receipt.of(it::threw) { call { bridged.receive(topic.topic(), now.bridged(), message, proven, it) } } }

    /** Opens again what waits for a card: after one was pinned or renewed. */
    @JvmOverloads
    public fun retry(now: Long? = now(), proven: Boolean = true, taker: Taker): Receipt =
        Taking(taker).let { Receipt.of(it::threw) { call { bridged.retry(now.bridged(), proven, it) } } }

    /** Decrypts an envelope without believing it, for inspection: no signature is checked, no number is taken. */
    public fun look(topic: String, message: ByteArray): Unverified {
        val looked = call { bridged.look(topic.topic(), message) }
        return Unverified(
            Kid(looked.sender),
            looked.sequence.toLong(),
            looked.time.faced(),
            looked.format.toInt(),
            looked.body,
            looked.padLength.toInt(),
            looked.statement,
            looked.signature,
        )
    }

    override fun close(): Unit = bridged.close()

    private inner class Taking(private val taker: Taker) : BridgedTaker {
        private var thrown: Throwable? = null

        /** Whether the application threw it: then it says nothing of the message, whatever its number. */
        fun threw(throwable: Throwable): Boolean = throwable === thrown

        override fun take(opened: BridgedOpened): Unit = callback {
            try {
                taker.take(Opened(opened, me))
            } catch (throwable: Throwable) {
                thrown = throwable
                throw throwable
            }
        }
    }
}

/** What an envelope says before its signature is checked: claims. */
public class Unverified internal constructor(
    /** The hint of who sent it. */
    public val claimedSender: Kid,
    /** Its number. */
    public val claimedSequence: Long,
    /** Its time, seconds since 1970. */
    public val claimedTime: Long?,
    /** What the body is. */
    public val claimedFormat: Int,
    /** The body. */
    public val claimedBody: ByteArray,
    /** How many zeros fill the envelope. */
    public val padLength: Int,
    /** The encoded statement, as it was signed. */
    public val statement: ByteArray,
    /** The signature, unchecked: 64 bytes. */
    public val signature: ByteArray,
)
