package org.zegel

import org.zegel.internal.Pack as Bridged
import org.zegel.internal.Policy as BridgedPolicy
import org.zegel.internal.Reading as BridgedReading
import org.zegel.internal.Record as BridgedRecord
import org.zegel.internal.Value as BridgedValue

/** A list of 1 to 1024 SenML records in which every name, unit, number and time is in order (RFC 8428, SPEC §9.1). */
public class Pack internal constructor(bridged: Bridged) : AutoCloseable {
    internal val grip = Grip(bridged)
    internal val bridged get() = grip.bridged

    /** Checks the records; [ZegelError.MALFORMED], [ZegelError.TOO_LARGE]. */
    public constructor(records: List<Record>) : this(call { Bridged(records.map { it.bridged() }) })

    /** The one deterministic encoding: [Format.SENML_CBOR]. */
    public fun encode(): ByteArray = call { bridged.encode() }

    /** The records as they were written. */
    public val records: List<Record> get() = call { bridged.records() }.map { Record.of(it) }

    /** Each measurement on its own, oldest first. [now] makes relative times absolute: the envelope's time is the one to give. */
    @JvmOverloads
    public fun resolved(now: Long? = null): List<Reading> =
        call { bridged.resolved(now.bridged()) }.map { Reading.of(it) }

    /** What [policy] lets leave; [ZegelError.NOTHING_ALLOWED] when nothing is left. */
    public fun minimised(policy: Policy): Pack = Pack(call { bridged.minimise(policy.bridged()) })

    /** The whole names of what [policy] keeps home, sorted, for telling the user. */
    public fun withheld(policy: Policy): List<String> = call { bridged.withheld(policy.bridged()) }

    override fun close(): Unit = grip.close()

    public companion object {
        /** Reads a pack that anybody wrote; [ZegelError.MALFORMED], [ZegelError.TOO_LARGE]. */
        @JvmStatic
        public fun decode(bytes: ByteArray): Pack = Pack(call { Bridged.decode(bytes) })
    }
}

/** What may leave; what is not listed stays, and a location has to be listed as one (SPEC §9.2). */
public data class Policy @JvmOverloads constructor(
    /** Names that leave, whatever their type, unless they are a location. */
    val names: List<String> = emptyList(),
    /** Beginnings of names of numbers and flags that leave; an empty one begins every name. */
    val prefixes: List<String> = emptyList(),
    /** Names that leave even though they are a location. */
    val locations: List<String> = emptyList(),
    /** Whether the base name leaves with the measurements. It often names the device, for ever. */
    val keepBaseName: Boolean = false,
    /** Times are rounded down to a multiple of so many seconds; `null` leaves them exact. */
    val timeResolution: Int? = 60,
) {
    internal fun bridged(): BridgedPolicy {
        val possible = (names + prefixes + locations).all { it.isWhole() } && (timeResolution ?: 0) >= 0
        if (!possible) throw ZegelException(ZegelError.BAD_ARGUMENT)
        return BridgedPolicy(names, prefixes, locations, keepBaseName, timeResolution?.toUInt())
    }

    /** The same, and these names leave. */
    public fun allow(vararg more: String): Policy = copy(names = names + more)
}

/** What was measured. */
public sealed interface Value {
    /** A finite number. */
    public data class Number(val number: Double) : Value

    /** A text. */
    public data class Text(val text: String) : Value

    /** Yes or no. */
    public data class Flag(val flag: Boolean) : Value

    /** Bytes, such as a waveform. */
    public class Data(public val data: ByteArray) : Value {
        override fun equals(other: Any?): Boolean = other is Data && other.data.contentEquals(data)

        override fun hashCode(): Int = data.contentHashCode()

        override fun toString(): String = "Data(${data.size} bytes)"
    }

    /** The number, if it is one. */
    public fun asNumber(): Double? = (this as? Number)?.number

    public companion object {
        internal fun of(value: BridgedValue): Value = when (value) {
            is BridgedValue.Number -> Number(value.number)
            is BridgedValue.Text -> Text(value.text)
            is BridgedValue.Flag -> Flag(value.flag)
            is BridgedValue.Data -> Data(value.data)
        }

        internal fun bridged(value: Value): BridgedValue = when (value) {
            is Number -> BridgedValue.Number(value.number)
            is Text -> BridgedValue.Text(value.text)
            is Flag -> BridgedValue.Flag(value.flag)
            is Data -> BridgedValue.Data(value.data)
        }
    }
}

/**
 * One record of a pack as its author writes it; an absent field is `null` (RFC 8428 §4). Java has a `Record` of its own:
 * import this one by its name.
 */
public data class Record @JvmOverloads constructor(
    /** `n`: the name, which follows the base name in force. */
    val name: String,
    /** `v`, `vs`, `vb` or `vd`: the value. */
    val value: Value? = null,
    /** `u`: the unit, a symbol of the SenML units registry. */
    val unit: String? = null,
    /** `t`: seconds, added to the base time. A total below 2^28 is relative to now, otherwise it counts from 1970. */
    val time: Double? = null,
    /** `s`: the integral of the value over time. */
    val sum: Double? = null,
    /** `ut`: the most seconds until the sensor reports again. */
    val updateTime: Double? = null,
    /** `bn`: precedes the name of this and all later records. */
    val baseName: String? = null,
    /** `bt`: seconds, added to the time of this and all later records. */
    val baseTime: Double? = null,
    /** `bu`: the unit of this and all later records that have none. */
    val baseUnit: String? = null,
    /** `bv`: added to the number of this and all later records. */
    val baseValue: Double? = null,
    /** `bs`: added to the sum of this and all later records. */
    val baseSum: Double? = null,
    /** `bver`: the version of the pack, at most 10. */
    val baseVersion: Long? = null,
) {
    internal fun bridged() = BridgedRecord(
        name, unit, value?.let { Value.bridged(it) }, sum, time, updateTime,
        baseName, baseTime, baseUnit, baseValue, baseSum, baseVersion.bridged(),
    )

    public companion object {
        /** A number in a unit of the SenML registry, such as `beat/min`. */
        @JvmStatic
        public fun number(name: String, unit: String, value: Double): Record = Record(name, Value.Number(value), unit)

        internal fun of(record: BridgedRecord) = Record(
            record.name, record.value?.let { Value.of(it) }, record.unit, record.time, record.sum, record.updateTime,
            record.baseName, record.baseTime, record.baseUnit, record.baseValue, record.baseSum,
            record.baseVersion.faced(),
        )
    }
}

/** One measurement on its own: nothing before it in the pack is needed to read it (RFC 8428 §4.6). */
public data class Reading internal constructor(
    /** Base name and name, joined. */
    val name: String,
    /** The value; `null` when there is a sum alone. */
    val value: Value?,
    /** The unit. */
    val unit: String?,
    /** Seconds since 1970 if at least 2^28, otherwise relative to now. */
    val time: Double,
    /** The sum. */
    val sum: Double?,
    /** The most seconds until the sensor reports again. */
    val updateTime: Double?,
) {
    internal companion object {
        fun of(reading: BridgedReading) = Reading(
            reading.name, reading.value?.let { Value.of(it) }, reading.unit, reading.time, reading.sum,
            reading.updateTime,
        )
    }
}
