import Foundation
internal import ZegelBridge

/// A content format number of the CoAP registry (RFC 7252 §12.3).
public struct Format: RawRepresentable, Sendable, Hashable {
    /// The number.
    public let rawValue: UInt16

    /// Any number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// application/senml+cbor
    public static let senmlCbor = Format(rawValue: 112)
    /// application/cbor
    public static let cbor = Format(rawValue: 60)
    /// application/json
    public static let json = Format(rawValue: 50)
    /// application/octet-stream
    public static let octetStream = Format(rawValue: 42)
    /// application/cose; cose-type="cose-sign1"
    public static let coseSign1 = Format(rawValue: 18)

    /// Whether the number is one of those that Zegel keeps for itself: 65000 and above.
    public var isReserved: Bool { rawValue >= 65_000 }
}

/// One measurement, before it is sealed. Beside Foundation, which has a type of this name, write `.init(body)` where
/// one is asked for, or `Zegel.Measurement`.
public struct Measurement: Sendable {
    /// The measurement itself.
    public var body: Data
    /// What the body is.
    public var format: Format
    /// When it was taken, seconds since 1970; `nil` where the device has no clock.
    public var time: UInt64?

    /// A measurement, taken now unless the caller says otherwise.
    public init(_ body: Data, format: Format = .senmlCbor, time: UInt64? = SystemTime.now) {
        self.body = body
        self.format = format
        self.time = time
    }

    var bridged: ZegelBridge.Measurement { .init(time: time, format: format.rawValue, body: body) }
}

extension Measurement: CustomStringConvertible, CustomReflectable {
    /// What was measured belongs in no log.
    public var description: String { "Measurement(\(body.count) bytes)" }

    /// What was measured belongs in no log.
    public var customMirror: Mirror { Mirror(self, children: ["format": format.rawValue]) }
}
