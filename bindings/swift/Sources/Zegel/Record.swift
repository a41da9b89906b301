import Foundation
internal import ZegelBridge

/// What was measured.
public enum Value: Sendable, Hashable {
    /// A finite number.
    case number(Double)
    /// A text.
    case text(String)
    /// Yes or no.
    case flag(Bool)
    /// Bytes, such as a waveform.
    case data(Data)

    /// The number, if it is one.
    public var asNumber: Double? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    init(_ bridged: ZegelBridge.Value) {
        switch bridged {
        case .number(let number): self = .number(number)
        case .text(let text): self = .text(text)
        case .flag(let flag): self = .flag(flag)
        case .data(let data): self = .data(data)
        }
    }

    var bridged: ZegelBridge.Value {
        switch self {
        case .number(let number): .number(number: number)
        case .text(let text): .text(text: text)
        case .flag(let flag): .flag(flag: flag)
        case .data(let data): .data(data: data)
        }
    }
}

/// One record of a pack as its author writes it; an absent field is `nil` (RFC 8428 §4).
public struct Record: Sendable, Hashable {
    /// `n`: the name, which follows the base name in force.
    public var name: String
    /// `v`, `vs`, `vb` or `vd`: the value.
    public var value: Value?
    /// `u`: the unit, a symbol of the SenML units registry.
    public var unit: String?
    /// `t`: seconds, added to the base time. A total below 2^28 is relative to now, otherwise it counts from 1970.
    public var time: Double?
    /// `s`: the integral of the value over time.
    public var sum: Double?
    /// `ut`: the most seconds until the sensor reports again.
    public var updateTime: Double?
    /// `bn`: precedes the name of this and all later records.
    public var baseName: String?
    /// `bt`: seconds, added to the time of this and all later records.
    public var baseTime: Double?
    /// `bu`: the unit of this and all later records that have none.
    public var baseUnit: String?
    /// `bv`: added to the number of this and all later records.
    public var baseValue: Double?
    /// `bs`: added to the sum of this and all later records.
    public var baseSum: Double?
    /// `bver`: the version of the pack, at most 10.
    public var baseVersion: UInt64?

    /// A record with a name, and a value and a unit where it has them. The other fields are set afterwards.
    public init(_ name: String, value: Value? = nil, unit: String? = nil) {
        self.name = name
        self.value = value
        self.unit = unit
    }

    /// A number in a unit of the SenML registry, such as `beat/min`.
    public static func number(_ name: String, unit: String, _ value: Double) -> Record {
        Record(name, value: .number(value), unit: unit)
    }

    init(_ bridged: ZegelBridge.Record) {
        self.init(bridged.name, value: bridged.value.map(Value.init), unit: bridged.unit)
        (time, sum, updateTime) = (bridged.time, bridged.sum, bridged.updateTime)
        (baseName, baseTime, baseUnit) = (bridged.baseName, bridged.baseTime, bridged.baseUnit)
        (baseValue, baseSum, baseVersion) = (bridged.baseValue, bridged.baseSum, bridged.baseVersion)
    }

    var bridged: ZegelBridge.Record {
        .init(
            name: name, unit: unit, value: value?.bridged, sum: sum, time: time, updateTime: updateTime,
            baseName: baseName, baseTime: baseTime, baseUnit: baseUnit, baseValue: baseValue, baseSum: baseSum,
            baseVersion: baseVersion)
    }
}

/// One measurement on its own: nothing before it in the pack is needed to read it (RFC 8428 §4.6).
public struct Reading: Sendable, Hashable {
    /// Base name and name, joined.
    public let name: String
    /// The value; `nil` when there is a sum alone.
    public let value: Value?
    /// The unit.
    public let unit: String?
    /// Seconds since 1970 if at least 2^28, otherwise relative to now.
    public let time: Double
    /// The sum.
    public let sum: Double?
    /// The most seconds until the sensor reports again.
    public let updateTime: Double?

    init(_ bridged: ZegelBridge.Reading) {
        name = bridged.name
        value = bridged.value.map(Value.init)
        unit = bridged.unit
        time = bridged.time
        sum = bridged.sum
        updateTime = bridged.updateTime
    }
}
