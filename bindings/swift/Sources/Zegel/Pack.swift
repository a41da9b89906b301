import Foundation
internal import ZegelBridge

/// A list of 1 to 1024 SenML records in which every name, unit, number and time is in order (RFC 8428, SPEC §9.1).
public final class Pack: Sendable {
    let bridged: ZegelBridge.Pack

    private init(_ bridged: ZegelBridge.Pack) { self.bridged = bridged }

    /// Checks the records; ``ZegelError/Code/malformed``, ``ZegelError/Code/tooLarge``.
    public convenience init(_ records: [Record]) throws(ZegelError) {
        self.init(try call { try ZegelBridge.Pack(records: records.map(\.bridged)) })
    }

    /// Reads a pack that anybody wrote; ``ZegelError/Code/malformed``, ``ZegelError/Code/tooLarge``.
    public static func decode(_ bytes: Data) throws(ZegelError) -> Pack {
        Pack(try call { try ZegelBridge.Pack.decode(bytes: bytes) })
    }

    /// The one deterministic encoding: ``Format/senmlCbor``.
    public func encode() throws(ZegelError) -> Data {
        try call { try bridged.encode() }
    }

    /// The records as they were written.
    public var records: [Record] { bridged.records().map(Record.init) }

    /// Each measurement on its own, oldest first. `now` makes relative times absolute: the envelope's time is the one
    /// to give.
    public func resolved(now: UInt64? = nil) -> [Reading] {
        bridged.resolved(now: now).map(Reading.init)
    }

    /// What `policy` lets leave; ``ZegelError/Code/nothingAllowed`` when nothing is left.
    public func minimised(_ policy: Policy) throws(ZegelError) -> Pack {
        Pack(try call { try bridged.minimise(policy: policy.bridged) })
    }

    /// The whole names of what `policy` keeps home, sorted, for telling the user.
    public func withheld(_ policy: Policy) -> [String] {
        bridged.withheld(policy: policy.bridged)
    }
}

/// What may leave; what is not listed stays, and a location has to be listed as one (SPEC §9.2).
public struct Policy: Sendable, Hashable {
    /// Names that leave, whatever their type, unless they are a location.
    public var names: [String]
    /// Beginnings of names of numbers and flags that leave; an empty one begins every name.
    public var prefixes: [String]
    /// Names that leave even though they are a location.
    public var locations: [String]
    /// Whether the base name leaves with the measurements. It often names the device, for ever.
    public var keepBaseName: Bool
    /// Times are rounded down to a multiple of so many seconds; `nil` leaves them exact.
    public var timeResolution: UInt32?

    /// Nothing leaves but what is listed here.
    public init(
        names: [String] = [], prefixes: [String] = [], locations: [String] = [], keepBaseName: Bool = false,
        timeResolution: UInt32? = 60
    ) {
        self.names = names
        self.prefixes = prefixes
        self.locations = locations
        self.keepBaseName = keepBaseName
        self.timeResolution = timeResolution
    }

    /// The same, and these names leave.
    public func allow(_ more: String...) -> Policy {
        var policy = self
        policy.names += more
        return policy
    }

    var bridged: ZegelBridge.Policy {
        .init(
            names: names, prefixes: prefixes, locations: locations, keepBaseName: keepBaseName,
            resolution: timeResolution)
    }
}
