package org.zegel

import org.zegel.internal.Received

/** What became of a message. */
public class Receipt internal constructor(
    /** In a word. */
    public val verdict: Verdict,
    /** Why, where it was not taken. Its trouble or its cause says what lies behind [Verdict.LATER]. */
    public val exception: ZegelException?,
    /** How many were opened: the message, and what had waited for it. */
    public val taken: Long,
    /** How many that had waited were refused now. */
    public val refused: Long,
) {
    /** The same in a word. */
    public val error: ZegelError? get() = exception?.error

    /** Whether to acknowledge the message to the broker: all but our own trouble. Nothing else is ever answered. */
    public val acknowledge: Boolean get() = verdict != Verdict.LATER

    override fun toString(): String = if (error == null) "$verdict" else "$verdict, $error"

    internal companion object {
        fun of(taker: (Throwable) -> Boolean, receive: () -> Received): Receipt = try {
            val received = receive()
            val verdict = if (received.early) Verdict.EARLY else Verdict.TAKEN
            Receipt(verdict, null, received.taken.toLong(), received.refused.toLong())
        } catch (exception: ZegelException) {
            if (taker(exception)) throw exception
            val verdict = when (exception.error) {
                ZegelError.DUPLICATE -> Verdict.DUPLICATE
                ZegelError.CONFLICT, ZegelError.EQUIVOCATION -> Verdict.ALARM
                ZegelError.STORAGE, ZegelError.FULL, ZegelError.ENTROPY, ZegelError.KEY_UNAVAILABLE -> Verdict.LATER
                else -> if (exception.number < 0) throw exception else Verdict.REFUSED
            }
            Receipt(verdict, exception, 0, 0)
        }
    }
}

/** What became of a message, in a word. */
public enum class Verdict {
    /** It was opened, and its taker has stored it. */
    TAKEN,

    /** It was taken before: QoS 1 did its work. */
    DUPLICATE,

    /** It came before its keyframe or its sender's card, and is kept until then. */
    EARLY,

    /** A cloned key, or a device restored from a backup: [Store.events] has it until a person has seen it. */
    ALARM,

    /** Noise: counted, and never answered. */
    REFUSED,

    /** Our own trouble, not the message's: leave it with the broker and try again. */
    LATER,
}
