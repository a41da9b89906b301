package org.zegel

/**
 * Why a call was refused. The number is the same in Rust, C, Swift and Kotlin; SPEC §14 says what to do about each.
 * Numbers below zero are mistakes in the call.
 */
public enum class ZegelError(public val number: Int) {
    /** The bytes are not the one deterministic encoding of an object that this version knows. */
    MALFORMED(1),

    /** The envelope names a KEM key that this opener does not hold. */
    NOT_FOR_ME(2),

    /** Key agreement, decryption, padding, inner shape, signature, topic or audience: one word for all. */
    REJECTED(3),

    /** No pinned card has the sender's key identifier. */
    UNKNOWN_SENDER(4),

    /** The sender, or the card, was withdrawn or revoked. */
    REVOKED(5),

    /** The card's last day of validity is past, or the pairing code's last second. */
    EXPIRED(6),

    /** The card is not valid yet. */
    NOT_YET_VALID(7),

    /** This very statement was taken before: nothing to do, and nothing to worry about. */
    DUPLICATE(8),

    /** The number lies before the replay window. */
    TOO_OLD(9),

    /** Another statement was taken under this number: a cloned key or a restored backup. An alarm. */
    CONFLICT(10),

    /** The card is older than the one that is pinned. */
    ROLLBACK(11),

    /** Two cards, or two identities, claim one place. An alarm. */
    EQUIVOCATION(12),

    /** The key is of low order, not canonical, all one byte, or published. */
    WEAK_KEY(13),

    /** The topic is empty, too long, or holds a control character or a wildcard. */
    INVALID_TOPIC(14),

    /** A length, number or time exceeds the limits of SPEC §3.3. */
    TOO_LARGE(15),

    /** The caller's buffer cannot hold the result. */
    BUFFER_TOO_SMALL(16),

    /** The random generator failed or returned zeros. */
    ENTROPY(17),

    /** Durable state could not be read or written; [ZegelException.trouble] or its cause says why. */
    STORAGE(18),

    /** The stream has no number left. */
    EXHAUSTED(19),

    /** The key's holder did not answer, or its answer failed a check. */
    KEY_UNAVAILABLE(20),

    /** A store has no room. */
    FULL(21),

    /** The content format is reserved for Zegel itself. */
    RESERVED(22),

    /** The policy lets nothing of this pack leave. */
    NOTHING_ALLOWED(23),

    /** No keyframe with this session identifier was taken: the message may have overtaken it. */
    UNKNOWN_SESSION(24),

    /** The session has reached a limit: begin a new one. */
    SESSION_OVER(25),

    /** The block is full: seal its manifest first. */
    MANIFEST_DUE(26),

    /** Measured longer ago than the policy takes. */
    STALE(27),

    /** Measured later than the receiver's clock allows. */
    AHEAD(28),

    /** The number lies further ahead than the policy takes. */
    JUMP(29),

    /** The pairing code has served. */
    CODE_USED(30),

    /** A length or an option that cannot be. */
    BAD_ARGUMENT(-1),

    /** An object that has served, or is not in the state for this call. */
    BAD_CONTEXT(-2),

    /** An object that this thread is in the middle of a call to. */
    BUSY(-3),

    /** The application's own code failed. */
    CALLBACK(-4),
    ;

    internal companion object {
        private val byNumber = entries.associateBy { it.number }

        fun of(number: Int): ZegelError = byNumber[number] ?: throw ZegelBug()
    }
}

/** What is the matter with a store in a file, where [ZegelError.STORAGE] comes from one. */
public enum class Trouble {
    /** There is no file at this path. */
    NOT_FOUND,

    /** Something is at this path already. */
    ALREADY_EXISTS,

    /** What is at this path is something else. */
    NOT_A_STORE,

    /** A newer version wrote it. */
    NEWER,

    /** It is open elsewhere. */
    LOCKED,

    /** This thread is in the middle of a call to this store. */
    BUSY,

    /** It is damaged, and was left as it is. */
    CORRUPT,

    /** The operating system refused. */
    IO,

    /** Something before it failed in the same transaction. */
    ABORTED,

    /** The key is gone, but its bytes still stand in the file. */
    REMAINS,
}

/**
 * The one exception. It holds a number and nothing that was measured, so that it may be logged; its [cause] is what
 * the application's own keystore or database threw, where one was asked.
 */
public class ZegelException internal constructor(
    /** Why. */
    public val error: ZegelError,
    /** What is the matter with the file, where there is one. */
    public val trouble: Trouble?,
    cause: Throwable?,
) : RuntimeException(if (trouble == null) "$error (${error.number})" else "$error (${error.number}), $trouble", cause) {
    /**
     * For an application's own code that has a reason of SPEC §14 to give: [ZegelError.FULL] a [Database],
     * [ZegelError.ENTROPY] a [Signer], [ZegelError.REJECTED] a [KeyAgreement]. Any other is what it would be without.
     */
    public constructor(error: ZegelError) : this(error, null, null)

    /** The number of SPEC §14, or one below zero. */
    public val number: Int get() = error.number
}

/** A bug of Zegel: what should never be. It is no exception, so that nobody catches it in passing. */
public class ZegelBug internal constructor() : Error("a bug in Zegel: please report it with what stands on standard error")
