package org.zegel

import org.zegel.internal.GroupSealer as BridgedGroup
import org.zegel.internal.Sealer as Bridged
import org.zegel.internal.SealerOptions as BridgedOptions

/** How much of a measurement's length the broker may learn (SPEC §4.5). */
public enum class Padding {
    /** All of it: the shortest envelope. */
    NONE,

    /** The bucket: envelopes of 256, 512, 1024 or 2048 bytes, and Padmé lengths above. */
    BUCKETS,
}

/** How a sealer seals. */
public class SealerOptions @JvmOverloads constructor(
    /** How much of a length the broker may learn. */
    public val padding: Padding = Padding.BUCKETS,
    /** Whether each signature is verified before it leaves, for devices in an attacker's hands. */
    public val selfCheck: Boolean = false,
    /** Whether to build a table of the recipient's key: 30 KB, and each seal takes a third less. */
    public val precompute: Boolean = false,
) {
    internal fun bridged() = BridgedOptions(padding == Padding.BUCKETS, selfCheck, precompute)
}

/**
 * Seals one identity's measurements for one recipient, each under its own number. Fails as a constructor with
 * [ZegelError.REVOKED], [ZegelError.NOT_YET_VALID], [ZegelError.EXPIRED] or [ZegelError.KEY_UNAVAILABLE] for the card.
 * While a [Session] is open, everything else here is [ZegelError.BAD_CONTEXT].
 */
public class Sealer @JvmOverloads constructor(
    identity: Identity,
    recipient: Card,
    store: Store,
    options: SealerOptions = SealerOptions(),
    now: Long? = now(),
) : AutoCloseable {
    internal val bridged = call(identity.grip, recipient.grip, store.grip) {
        Bridged(identity.bridged, recipient.bridged, now.bridged(), store.bridged, options.bridged())
    }

    /** Whose numbers these are, and for whom. */
    public val stream: Stream = Stream(identity.id, Digest(call { bridged.audience() }))

    /** The number that the next seal uses; it is reserved by now. */
    public fun nextSequence(): Long = call { bridged.nextSequence() }.toLong()

    /** How many bytes the envelope of this measurement would have. */
    public fun sealedLength(measurement: Measurement): Int = call { bridged.sealedLen(measurement.bridged()) }.toInt()

    /** Seals a measurement for [topic]: the envelope. */
    public fun seal(topic: String, measurement: Measurement): ByteArray =
        call { bridged.seal(topic.topic(), measurement.bridged()) }

    /** Seals what [policy] lets leave of [pack]; [ZegelError.NOTHING_ALLOWED] when nothing is left. */
    @JvmOverloads
    public fun seal(topic: String, pack: Pack, policy: Policy, time: Long? = now()): ByteArray =
        call(pack.grip) { bridged.sealPack(topic.topic(), time.bridged(), pack.bridged, policy.bridged()) }

    /** Hands on what somebody else has signed: evidence as [Opened.proven] gave it (SPEC §11.2). */
    @JvmOverloads
    public fun forward(topic: String, evidence: ByteArray, time: Long? = now()): ByteArray =
        call { bridged.forward(topic.topic(), time.bridged(), evidence) }

    /** Tells the recipient which devices this identity vouches for, by an [Introduction] (SPEC §11.3). */
    @JvmOverloads
    public fun introduce(topic: String, introduction: ByteArray, time: Long? = now()): ByteArray =
        call { bridged.introduce(topic.topic(), time.bridged(), introduction) }

    /** Begins a session, whose keyframe is to be published on [topic]. It holds this sealer until its end. */
    @JvmOverloads
    public fun begin(topic: String, limits: SessionLimits = SessionLimits(), now: Long? = now()): Session =
        Session(this, call { bridged.beginSession(topic.topic(), now.bridged(), limits.bridged()) })

    /** Takes a newer card of the recipient, however it arrived; [ZegelError.UNKNOWN_SENDER] for one of somebody else. */
    @JvmOverloads
    public fun renew(card: Card, now: Long? = now()): Succession =
        Succession.of(call(card.grip) { bridged.renew(card.bridged, now.bridged()) })

    override fun close(): Unit = bridged.close()
}

/**
 * Seals one identity's measurements for a fixed set of 2 to 16 recipients, in any order; another set is another
 * stream. Fails as a constructor as [Sealer] does, and with [ZegelError.TOO_LARGE] and [ZegelError.EQUIVOCATION].
 */
public class GroupSealer @JvmOverloads constructor(
    identity: Identity,
    recipients: List<Card>,
    store: Store,
    options: SealerOptions = SealerOptions(),
    now: Long? = now(),
) : AutoCloseable {
    private val bridged = call(identity.grip, store.grip, *recipients.map { it.grip }.toTypedArray()) {
        val cards = recipients.map { it.bridged }
        BridgedGroup(identity.bridged, cards, now.bridged(), store.bridged, options.bridged())
    }

    /** Whose numbers these are, and for whom. */
    public val stream: Stream = Stream(identity.id, Digest(call { bridged.audience() }))

    /** How many bytes the envelope of this measurement would have. */
    public fun sealedLength(measurement: Measurement): Int = call { bridged.sealedLen(measurement.bridged()) }.toInt()

    /** Seals a measurement for [topic]: the envelope. */
    public fun seal(topic: String, measurement: Measurement): ByteArray =
        call { bridged.seal(topic.topic(), measurement.bridged()) }

    /** Seals what [policy] lets leave of [pack]; [ZegelError.NOTHING_ALLOWED] when nothing is left. */
    @JvmOverloads
    public fun seal(topic: String, pack: Pack, policy: Policy, time: Long? = now()): ByteArray =
        call(pack.grip) { bridged.sealPack(topic.topic(), time.bridged(), pack.bridged, policy.bridged()) }

    /** Takes a newer card of one of the recipients. */
    @JvmOverloads
    public fun renew(card: Card, now: Long? = now()): Succession =
        Succession.of(call(card.grip) { bridged.renew(card.bridged, now.bridged()) })

    override fun close(): Unit = bridged.close()
}
