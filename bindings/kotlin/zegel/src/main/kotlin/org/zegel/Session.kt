package org.zegel

import org.zegel.internal.SessionLimits as BridgedLimits

/** How long a session is used: the longest, with a signature for every 32 messages, unless a caller says otherwise. */
public class SessionLimits @JvmOverloads constructor(
    /** Most messages that one manifest covers: 1 to 64. */
    public val block: Long = 32,
    /** Most messages after the keyframe, manifests included: 1 to 65,536. */
    public val messages: Long = Limits.MAX_SESSION,
    /** Seconds of use: 1 to 86,400. */
    public val seconds: Long = Limits.MAX_SESSION_SECONDS,
) {
    private val all get() = listOf(block, messages, seconds)

    internal fun bridged() = BridgedLimits(block.bridged(), messages.bridged(), seconds.bridged())

    override fun equals(other: Any?): Boolean = other is SessionLimits && other.all == all

    override fun hashCode(): Int = all.hashCode()

    override fun toString(): String = "SessionLimits($block, $messages, $seconds)"
}

/**
 * One key exchange and one signature for many messages (SPEC §10). [Sealer.begin] makes it; its keys are in memory
 * alone, and [close] wipes them and frees the sealer. What no [manifest] has signed stays unproven.
 */
public class Session internal constructor(
    private val sealer: Sealer,
    /** The keyframe, to be published first. */
    public val keyframe: ByteArray,
) : AutoCloseable {
    private val bridged = sealer.bridged

    // A signer or a database that comes back here holds it already, and hears BUSY from the bridge.
    private val lock = Any()
    private var open = true

    /** Names the session on the wire. */
    public val id: SessionId = SessionId(call { bridged.sessionId() })

    /** How many messages since the last manifest nobody but the recipient can be shown yet. */
    public val unsigned: Long get() = still { bridged.sessionUnsigned() }.toLong()

    /** Whether the next call must be [manifest]. */
    public val manifestDue: Boolean get() = still { bridged.sessionManifestDue() }

    /**
     * Seals a measurement for [topic]; [ZegelError.MANIFEST_DUE] when the block is full, [ZegelError.SESSION_OVER] at
     * a limit.
     */
    @JvmOverloads
    public fun seal(topic: String, measurement: Measurement, now: Long? = now()): ByteArray =
        still { bridged.sessionSeal(topic.topic(), measurement.bridged(), now.bridged()) }

    /** Seals what [policy] lets leave of [pack]. */
    @JvmOverloads
    public fun seal(topic: String, pack: Pack, policy: Policy, time: Long? = now(), now: Long? = now()): ByteArray =
        still(pack.grip) { bridged.sessionSealPack(topic.topic(), time.bridged(), pack.bridged, policy.bridged(), now.bridged()) }

    /** Signs all messages since the last manifest, at once: a message itself, to be published on [topic]. */
    public fun manifest(topic: String): ByteArray = still { bridged.sessionManifest(topic.topic()) }

    /** Takes a newer card of the recipient: whether the session goes on. With another key it is over. */
    @JvmOverloads
    public fun renew(card: Card, now: Long? = now()): Boolean =
        still(card.grip) { bridged.sessionRenew(card.bridged, now.bridged()).also { open = it } }

    /** Ends the session: its keys are wiped, and the sealer, which this gives back, is free. */
    public fun end(): Sealer {
        still { bridged.endSession().also { open = false } }
        return sealer
    }

    override fun close(): Unit = synchronized(lock) {
        try {
            if (open) end()
        } catch (refused: ZegelException) {
            // The sealer was closed first, and took the session with it.
            if (refused.error != ZegelError.BAD_CONTEXT) throw refused
            open = false
        }
    }

    /** A session that has ended does not act in the one after it, whichever thread ends it. */
    private fun <T> still(vararg given: Grip<*>, work: () -> T): T = synchronized(lock) {
        if (!open) throw ZegelException(ZegelError.BAD_CONTEXT)
        call(*given) { work() }
    }
}
