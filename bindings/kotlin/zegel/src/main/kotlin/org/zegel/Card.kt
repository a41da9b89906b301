package org.zegel

import org.zegel.internal.Card as Bridged
import org.zegel.internal.CardClaims as BridgedClaims
import org.zegel.internal.CardFacts
import org.zegel.internal.claimedCard

/** What a card is to say. Times are seconds since 1970, both ends included (SPEC §8.1). */
public class CardClaims @JvmOverloads constructor(
    /** Counts up with each card of an identity; the highest wins. */
    public val serial: Long,
    /** First second of validity. */
    public val notBefore: Long,
    /** Last second of validity. */
    public val expires: Long,
    /** What people call the holder: at most 64 bytes, no control characters. */
    public val label: String = "",
    /** The keys to seal to, at most 4, the current one first; none for who only seals. */
    public val kemKeys: List<KemKey> = emptyList(),
    /** [Status.WITHDRAWN] ends the identity for good. */
    public val status: Status = Status.ACTIVE,
)

/** Whether the holder still uses these keys. */
public enum class Status {
    /** In use. */
    ACTIVE,

    /** Given up for good: no later card of this identity is accepted. */
    WITHDRAWN,
}

/**
 * A verified card: the public keys of somebody, signed by the identity they name. It proves that its keys belong
 * together; that they belong to the right person is for the user to say, by pinning it.
 */
public class Card internal constructor(bridged: Bridged, facts: CardFacts) : AutoCloseable {
    internal val grip = Grip(bridged)
    internal val bridged get() = grip.bridged

    internal constructor(bridged: Bridged) : this(bridged, call { bridged.facts() })

    /** Whose keys these are. */
    public val id: Id = Id(facts.id)

    /** Counts up with each card of an identity. */
    public val serial: Long = facts.serial.toLong()

    /** First second of validity, since 1970. */
    public val notBefore: Long = facts.notBefore.toLong()

    /** Last second of validity, since 1970. */
    public val expires: Long = facts.expires.toLong()

    /** What people call the holder. Anybody can choose any label: show it beside the fingerprint. */
    public val label: String = facts.label

    /** The names of the keys to seal to, the current one first. */
    public val kemKids: List<Kid> = facts.kemKeys.map { Kid.of(it) }

    /** The public keys to seal to, 32 bytes each, the current one first. */
    public val kemPublicKeys: List<ByteArray> = facts.kemKeys

    /** Whether the holder still uses these keys. */
    public val status: Status = if (facts.withdrawn) Status.WITHDRAWN else Status.ACTIVE

    /** SHA-256 of the card's bytes. */
    public val digest: Digest = Digest(facts.digest)

    /** The card on the wire. */
    public fun toByteArray(): ByteArray = call { bridged.bytes() }

    /** Fails with [ZegelError.REVOKED], [ZegelError.NOT_YET_VALID] or [ZegelError.EXPIRED] unless it is in force. */
    @JvmOverloads
    public fun check(now: Long? = now()): Unit = call { bridged.check(now.bridged()) }

    override fun close(): Unit = grip.close()

    override fun toString(): String = "Card($id, serial $serial)"

    public companion object {
        /** Signs [claims]; [ZegelError.MALFORMED] for what SPEC §8.1 forbids. */
        @JvmStatic
        public fun issue(identity: Identity, claims: CardClaims): Card {
            val bridged = BridgedClaims(
                claims.serial.bridged(),
                claims.notBefore.bridged(),
                claims.expires.bridged(),
                claims.label,
                claims.kemKeys.map { it.publicKey },
                claims.status == Status.WITHDRAWN,
            )
            if (!claims.label.isWhole()) throw ZegelException(ZegelError.BAD_ARGUMENT)
            return Card(call(identity.grip) { Bridged.issue(identity.bridged, bridged) })
        }

        /** Reads and verifies a card; [ZegelError.MALFORMED], [ZegelError.WEAK_KEY], [ZegelError.REJECTED]. */
        @JvmStatic
        public fun read(bytes: ByteArray): Card = Card(call { Bridged.read(bytes) })

        /** Reads what a card claims, unchecked: for deciding whether to look further, and for nothing else. */
        @JvmStatic
        public fun parse(bytes: ByteArray): UnverifiedCard {
            val claims = call { claimedCard(bytes) }
            return UnverifiedCard(Id(claims.id), claims.label, claims.serial.toLong())
        }
    }
}

/** What a card claims before its signature is checked. */
public class UnverifiedCard internal constructor(
    /** The identity whose key the card holds. */
    public val claimedId: Id,
    /** The label the card holds. */
    public val claimedLabel: String,
    /** The serial the card holds. */
    public val claimedSerial: Long,
)
