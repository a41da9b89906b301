package org.zegel

import org.zegel.internal.Content as BridgedContent
import org.zegel.internal.Opened as BridgedOpened

/**
 * Something that was sealed for this identity, on this topic, by the sender it names, and that was not taken before.
 * An [Opener] alone makes one.
 */
public class Opened internal constructor(
    opened: BridgedOpened,
    /** Who opened it. */
    public val recipient: Id,
) {
    /** The sender's stream to this audience. */
    public val stream: Stream = Stream(Id(opened.sender), Digest(opened.audience))

    /** Who sealed it. */
    public val sender: Id get() = stream.sender

    /** Its number in the sender's stream. */
    public val sequence: Long = opened.sequence.toLong()

    /** The topic on which it came, and for which it was sealed. */
    public val topic: String = opened.topic

    /** When it was taken, seconds since 1970, by the sender's clock; `null` where it has none. */
    public val time: Long? = opened.time.faced()

    /** Names it: a hash of what the sender said in its context. */
    public val digest: Digest = Digest(opened.digest)

    /** What was opened. */
    public val content: Content = Content.of(opened.content, stream.sender)

    /** Who can be shown that the sender said this. */
    public val provenance: Provenance = if (opened.isSigned) Provenance.SIGNED else Provenance.SESSION

    /** The session in which it came; `null` when it came alone. */
    public val session: SessionId? = opened.session?.let { SessionId(it) }

    /** The block of a session that is signed and complete from now on, if this arrival made it so. */
    public val block: Gap? = opened.block?.faced()

    /** The numbers that this arrival shows to be missing so far. */
    public val missing: Gap? = opened.missing?.faced()

    /** Whether the number itself was missing before: it came late. */
    public val late: Boolean = opened.late

    /** What can be handed on since this arrived: itself, or all of a session's block that is signed now. */
    public val proven: List<Proven> =
        opened.proven.map { Proven(it.sequence.toLong(), Digest(it.digest), it.evidence) }

    /** The measurement; `null` when it is something else. */
    public val body: ByteArray? get() = (content as? Content.Measured)?.body

    /** What the measurement is; `null` when it is something else. */
    public val format: Int? get() = (content as? Content.Measured)?.format

    /** What was measured belongs in no log. */
    override fun toString(): String = "Opened($sender, number $sequence, ${content.javaClass.simpleName})"
}

/** Who can be shown that the sender said this. */
public enum class Provenance {
    /** Nobody yet: sender and receiver alone have the keys. A manifest may follow. */
    SESSION,

    /** Everybody: the sender has signed it. */
    SIGNED,
}

/** A measurement that others can be shown from now on. */
public class Proven internal constructor(
    /** Its number in its sender's stream. */
    public val sequence: Long,
    /** Names it, as it did when it arrived. */
    public val digest: Digest,
    /** What [Sealer.forward] takes, and [Evidence.verify]. */
    public val evidence: ByteArray,
)

/** What was opened. */
public sealed interface Content {
    /** A measurement: what all of this is for. */
    public class Measured internal constructor(
        /** What the body is: see [Format]. */
        public val format: Int,
        /** The measurement itself. */
        public val body: ByteArray,
    ) : Content

    /** A session has begun. */
    public class Keyframe internal constructor(
        /** Names it on the wire. */
        public val session: SessionId,
        /** How long it is used. */
        public val limits: SessionLimits,
        /** Whether its messages can be opened: one that was held back too long begins nothing any more. */
        public val kept: Boolean,
    ) : Content

    /** A block of a session was signed; [Opened.block] says whether all of it is here. */
    public class Manifest internal constructor(
        /** Its numbers. */
        public val numbers: Gap,
        /** The Merkle root of the block: 32 bytes. */
        public val root: Digest,
    ) : Content

    /** A measurement that somebody hands on: it names both hands. */
    public class Custody internal constructor(
        /** The measurement, with its origin's proof. */
        public val evidence: Evidence,
        /** Who hands it on. */
        public val forwarder: Id,
        /** How the receiver knows who measured. */
        public val known: Origin,
    ) : Content {
        /** Who measured. */
        public val origin: Id get() = evidence.origin
    }

    /** The devices that the sender vouches for: the store has taken them, and pinned nobody. */
    public class Introduced internal constructor(
        /** Their cards on the wire, in the order of their ids. */
        public val cards: List<ByteArray>,
    ) : Content

    public companion object {
        internal fun of(content: BridgedContent, sender: Id): Content = when (content) {
            is BridgedContent.Measurement -> Measured(content.format.toInt(), content.body)
            is BridgedContent.Keyframe -> {
                val (block, messages, seconds) = content.limits
                val limits = SessionLimits(block.toLong(), messages.toLong(), seconds.toLong())
                Keyframe(SessionId(content.session), limits, content.kept)
            }
            is BridgedContent.Manifest -> Manifest(content.numbers.faced(), Digest(content.root))
            is BridgedContent.Evidence -> {
                val known = if (content.pinned) Origin.PINNED else Origin.VOUCHED
                Custody(Evidence(content.evidence), sender, known)
            }
            is BridgedContent.Introduction -> Introduced(content.cards)
        }
    }
}

/** How the receiver knows who measured. */
public enum class Origin {
    /** It has pinned them itself. */
    PINNED,

    /** The forwarder vouches for them, in its latest introduction. */
    VOUCHED,
}
