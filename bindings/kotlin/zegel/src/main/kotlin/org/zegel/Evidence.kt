package org.zegel

import org.zegel.internal.EvidenceFacts
import org.zegel.internal.verifyEvidence
import org.zegel.internal.verifyIntroduction
import org.zegel.internal.writeIntroduction

/** A measurement that its origin has signed, for its audience, on its topic. Whether the origin is trusted is another question. */
public class Evidence internal constructor(facts: EvidenceFacts) {
    /** Who measured. */
    public val origin: Id = Id(facts.origin)

    /** The origin's card on the wire, as it came with the evidence: verified, whether in force or not. */
    public val card: ByteArray = facts.card

    /** For whom it was meant. Whoever hands it on has to be among them (SPEC §11.2). */
    public val audience: List<Id> = facts.audience.map { Id(it) }

    /** Where it was published. */
    public val topic: String = facts.topic

    /** Its number in the origin's stream. */
    public val sequence: Long = facts.sequence.toLong()

    /** When it was taken, seconds since 1970, by the origin's clock. */
    public val time: Long? = facts.time.faced()

    /** What the body is: see [Format]. */
    public val format: Int = facts.format.toInt()

    /** The measurement itself. */
    public val body: ByteArray = facts.body

    /** Names it, however it was proven. */
    public val digest: Digest = Digest(facts.digest)

    /** The numbers that the same signature covers: its own, or those of its block. */
    public val signedWith: Gap = facts.signedWith.faced()

    /** What was measured belongs in no log. */
    override fun toString(): String = "Evidence($origin, number $sequence)"

    public companion object {
        /**
         * Checks evidence, as [Opened.proven] gave it: no state, no keys, so that any third party can.
         * [ZegelError.MALFORMED], [ZegelError.REJECTED], and what is wrong with the card in it.
         */
        @JvmStatic
        public fun verify(evidence: ByteArray): Evidence = Evidence(call { verifyEvidence(evidence) })
    }
}

/** The devices that a forwarder vouches for (SPEC §11.3). */
public object Introduction {
    /** Writes an introduction of these cards, at most 64 and in any order, for [Sealer.introduce]. */
    @JvmStatic
    public fun write(cards: List<Card>): ByteArray = call { writeIntroduction(cards.map { it.toByteArray() }) }

    /** Checks an introduction: those in it, in their order. [ZegelError.REVOKED] for a withdrawn card. */
    @JvmStatic
    public fun verify(introduction: ByteArray): List<Id> =
        call { verifyIntroduction(introduction) }.map { Id(it.id) }
}
