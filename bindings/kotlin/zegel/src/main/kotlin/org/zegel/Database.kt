package org.zegel

import org.zegel.internal.Database as BridgedDatabase
import org.zegel.internal.Event as BridgedEvent
import org.zegel.internal.Row as BridgedRow
import org.zegel.internal.Succession as BridgedSuccession

/**
 * A table of the application's own database, such as
 * `CREATE TABLE zegel (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID`, in the order of its keys' bytes. Nothing in
 * it is a secret; whoever can write it can pin a card.
 *
 * With an [Opener], wrap its call and the storing of the measurement in one transaction, and commit it also when the
 * message was refused: an alarm is a row. Roll it back after [Verdict.LATER] and [ZegelError.STORAGE]. With a [Sealer],
 * what [put] returned for has to be durable, whatever is rolled back (SPEC §6.2, §7.3). One [Store] for one table: two
 * would not wait for each other. Whatever this throws becomes [ZegelError.STORAGE], but for [ZegelError.FULL].
 */
public interface Database {
    /** The value under [key]. */
    @Throws(Exception::class)
    public fun get(key: ByteArray): ByteArray?

    /** Puts [value] under [key], in place of what was there. */
    @Throws(Exception::class)
    public fun put(key: ByteArray, value: ByteArray)

    /** Removes [key], if it is there. */
    @Throws(Exception::class)
    public fun remove(key: ByteArray)

    /** Up to [limit] rows in ascending order of their keys, unsigned bytes, the first at or after [from]. */
    @Throws(Exception::class)
    public fun scan(from: ByteArray, limit: Int): List<Row>
}

/** A row of a [Database]. */
public class Row(
    /** At most 300 bytes. */
    public val key: ByteArray,
    /** The value. */
    public val value: ByteArray,
)

/** How a card follows the one before it (SPEC §8.3). */
public enum class Succession {
    /** Nothing was pinned. */
    NEW,

    /** It replaces the pinned card. */
    NEWER,

    /** It is the pinned card. */
    SAME,
    ;

    internal companion object {
        fun of(bridged: BridgedSuccession): Succession = valueOf(bridged.name)
    }
}

/** Something that a person has to look at (SPEC §7.6). */
public sealed interface Event {
    /** What dismisses it. */
    public val number: Long

    /** How often it happened since somebody last dismissed it. */
    public val times: Long

    /** Two statements under one number: a cloned key, or a restored backup. */
    public data class Conflict(
        override val number: Long,
        override val times: Long,
        /** Whose numbers. */
        val sender: Id,
        /** The number. */
        val sequence: Long,
    ) : Event

    /** Two cards, two identities or two sessions claim one place. */
    public data class Equivocation(
        override val number: Long,
        override val times: Long,
        /** Who is behind the second one. */
        val id: Id,
    ) : Event

    /** A newer card of a pinned identity brought other KEM keys. */
    public data class KeyChanged(
        override val number: Long,
        override val times: Long,
        /** Whose card. */
        val id: Id,
        /** The newer card's serial. */
        val serial: Long,
    ) : Event

    public companion object {
        internal fun of(event: BridgedEvent): Event = when (event) {
            is BridgedEvent.Conflict ->
                Conflict(event.number.toLong(), event.times.toLong(), Id(event.sender), event.sequence.toLong())
            is BridgedEvent.Equivocation -> Equivocation(event.number.toLong(), event.times.toLong(), Id(event.id))
            is BridgedEvent.KeyChanged ->
                KeyChanged(event.number.toLong(), event.times.toLong(), Id(event.id), event.serial.toLong())
        }
    }
}

/** The bridge's side of an application's database. */
internal class Kept(private val database: Database) : BridgedDatabase {
    override fun get(key: ByteArray): ByteArray? = callback { database.get(key) }

    override fun put(key: ByteArray, value: ByteArray): Unit = callback { database.put(key, value) }

    override fun remove(key: ByteArray): Unit = callback { database.remove(key) }

    override fun scan(from: ByteArray, limit: UInt): List<BridgedRow> = callback {
        val rows = database.scan(from, minOf(limit, Int.MAX_VALUE.toUInt()).toInt())
        rows.map { BridgedRow(it.key, it.value) }
    }
}
