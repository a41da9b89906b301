package org.zegel

import org.zegel.internal.Store as Bridged

/**
 * What outlives the process: who is trusted, which numbers were taken and given out, what somebody has to look at.
 * Openers and sealers share it, from any thread. A phone's is a [FileStore], or over the application's own
 * [Database].
 */
public open class Store internal constructor(bridged: Bridged) : AutoCloseable {
    internal val grip = Grip(bridged)
    internal val bridged get() = grip.bridged

    /**
     * Pins a card that somebody vouched for: scanned, compared, handed over. This is where trust begins, and never
     * with a card that the broker delivered. [ZegelError.REVOKED], [ZegelError.ROLLBACK], [ZegelError.EQUIVOCATION].
     */
    public fun pin(card: Card): Succession = Succession.of(call(card.grip) { bridged.pin(card.bridged) })

    /** Takes a newer card of somebody pinned, as the broker delivered it; [ZegelError.UNKNOWN_SENDER] of anybody else. */
    public fun renew(card: Card): Succession = Succession.of(call(card.grip) { bridged.renew(card.bridged) })

    /** Ends the trust in somebody for good, also when they were never pinned. */
    public fun revoke(id: Id): Unit = call { bridged.revoke(id.raw) }

    /** The pinned card of somebody, also when they have ended. */
    public fun card(id: Id): Card? = call { bridged.card(id.raw) }?.let { Card(it) }

    /** Everyone who is pinned. */
    public fun peers(): List<Peer> = call { bridged.peers() }.map { Peer(Card(it.card), it.ended) }

    /** The ids of those for whom [forwarder] vouches, without who has ended. Nobody has pinned them. */
    public fun introduced(forwarder: Id): List<Id> = call { bridged.introduced(forwarder.raw) }.map { Id(it.id) }

    /** What a person has to look at, in its order, until it is dismissed. */
    public fun events(): List<Event> = call { bridged.events() }.map { Event.of(it) }

    /** Removes an event that somebody has seen; `false` when a later one of its kind has come since. */
    public fun dismiss(event: Event): Boolean = call { bridged.dismiss(event.number.bridged()) }

    /** The numbers of a stream that never arrived. */
    public fun gaps(stream: Stream): List<Gap> =
        call { bridged.gaps(stream.sender.raw, stream.audience.raw) }.map { it.faced() }

    /** How many messages wait, sealed, for a keyframe or a card. */
    public fun shelved(): Long = call { bridged.shelved() }.toLong()

    /** Drops what has waited since before [before], and says how many messages are lost by that. */
    public fun expireShelf(before: Long): Long = call { bridged.expireShelf(before.coerceAtLeast(0).bridged()) }.toLong()

    /** Lets go of it. A file is free for others once the openers and sealers that were made with it are closed too. */
    override fun close(): Unit = grip.close()

    public companion object {
        /** Opens the store in a file of its own, or makes one there. */
        @JvmStatic
        public fun file(path: java.nio.file.Path): FileStore = FileStore(call { Bridged.file(path.toString()) })

        /** Keeps its state in the application's own database. */
        @JvmStatic
        public fun over(database: Database): Store = Store(call { Bridged.over(Kept(database)) })

        /** Forgets with the process: for tests, and for identities that live no longer than it. */
        @JvmStatic
        public fun memory(): Store = Store(call { Bridged.memory() })
    }
}

/** A store in a file. It can hold one's own keys as well: the file is not encrypted, so only where nothing better is. */
public class FileStore internal constructor(bridged: Bridged) : Store(bridged) {
    /** One's own identity, if the store has it. */
    public fun identity(): Identity? = call { bridged.identity() }?.let { Identity(it) }

    /** Stores one's own identity; [ZegelError.CONFLICT] when another one is there. */
    @JvmOverloads
    public fun setIdentity(seed: Secret, created: Long = now()): Unit =
        call(seed.grip) { bridged.setIdentity(seed.grip.bridged, created.bridged()) }

    /** One's own KEM keys, in use or retired, oldest first. */
    public fun kemKeys(): List<OwnKey> =
        call { bridged.kemKeys() }.map { OwnKey(KemKey(it.key), it.created.toLong(), it.retired.faced()) }

    /** Stores one of one's own KEM keys, before a card names it. */
    @JvmOverloads
    public fun addKemKey(secret: Secret, created: Long = now()): Unit =
        call(secret.grip) { bridged.addKemKey(secret.grip.bridged, created.bridged()) }

    /** Notes when a KEM key was taken off one's card: its grace begins. `false` when there is no such key. */
    @JvmOverloads
    public fun retireKemKey(kid: Kid, at: Long = now()): Boolean = call { bridged.retireKemKey(kid.raw, at.bridged()) }

    /** Erases the KEM keys that were retired before [before], the end of their grace, and says how many (SPEC §8.4). */
    public fun eraseRetired(before: Long): Long = call { bridged.eraseRetired(before.coerceAtLeast(0).bridged()) }.toLong()

    /** Erases one of one's own keys, the identity's too; `false` when there is no such key. */
    public fun eraseKey(kid: Kid): Boolean = call { bridged.eraseKey(kid.raw) }
}

/** Somebody whose card is pinned. */
public class Peer internal constructor(
    /** The newest card that was accepted. */
    public val card: Card,
    /** Whether nothing of theirs is accepted any more. */
    public val ended: Boolean,
)

/** One of one's own KEM keys, with its dates in seconds since 1970. */
public class OwnKey internal constructor(
    /** The key, ready for an [Opener]. */
    public val key: KemKey,
    /** When it was stored. */
    public val created: Long,
    /** When it was retired; `null` while one's card offers it. */
    public val retired: Long?,
)
