import Foundation
internal import ZegelBridge

/// A fixed number of bytes that name something: compared by content, shown in hexadecimal.
public protocol Name: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// How many bytes.
    static var length: Int { get }

    /// The bytes.
    var bytes: Data { get }

    /// Takes so many bytes; ``ZegelError/Code/badArgument`` for another number of them.
    init(_ bytes: Data) throws(ZegelError)
}

/// The thumbprint of an identity's key: 32 bytes, the full name of somebody (SPEC §2.1).
public struct Id: Name {
    public static let length = 32
    public let bytes: Data

    public init(_ bytes: Data) throws(ZegelError) {
        self.bytes = try Self.checked(bytes)
    }

    init(bridged bytes: Data) { self.bytes = bytes }

    /// The name of the holder of an Ed25519 public key of 32 bytes.
    public init(of publicKey: Data) throws(ZegelError) {
        bytes = try call { try idOf(publicKey: publicKey) }
    }

    /// The first 8 bytes: what stands on the wire. A hint, and never a proof.
    public var kid: Kid { Kid(bridged: bytes.prefix(Kid.length)) }

    /// Eight groups of five digits, for two people to compare aloud (SPEC §2.3).
    public var fingerprint: String {
        guard let text = try? ZegelBridge.fingerprint(id: bytes) else { bug() }
        return text
    }
}

/// The first 8 bytes of a thumbprint (SPEC §2.2).
public struct Kid: Name {
    public static let length = 8
    public let bytes: Data

    public init(_ bytes: Data) throws(ZegelError) {
        self.bytes = try Self.checked(bytes)
    }

    init(bridged bytes: Data) { self.bytes = Data(bytes) }

    /// What an envelope names the KEM key with this public half by; ``ZegelError/Code/weakKey``.
    public init(of kemPublicKey: Data) throws(ZegelError) {
        bytes = try call { try kidOf(publicKey: kemPublicKey) }
    }
}

/// Names a session on the wire: 8 bytes.
public struct SessionId: Name {
    public static let length = 8
    public let bytes: Data

    public init(_ bytes: Data) throws(ZegelError) {
        self.bytes = try Self.checked(bytes)
    }

    init(bridged bytes: Data) { self.bytes = bytes }
}

/// SHA-256 of something: 32 bytes. That of a statement in its context names it for good.
public struct Digest: Name {
    public static let length = 32
    public let bytes: Data

    public init(_ bytes: Data) throws(ZegelError) {
        self.bytes = try Self.checked(bytes)
    }

    init(bridged bytes: Data) { self.bytes = bytes }
}

extension Name {
    /// Reads hexadecimal digits, of either case.
    public init(hex: String) throws(ZegelError) {
        let digits = hex.map { $0.isASCII ? $0.hexDigitValue : nil }
        guard digits.count == 2 * Self.length else { throw ZegelError(.badArgument) }
        var bytes = Data(capacity: Self.length)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[place], let low = digits[place + 1] else { throw ZegelError(.badArgument) }
            bytes.append(UInt8(high << 4 | low))
        }
        try self.init(bytes)
    }

    /// Lower-case hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// By their bytes, the first difference deciding.
    public static func < (left: Self, right: Self) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    fileprivate static func checked(_ bytes: Data) throws(ZegelError) -> Data {
        guard bytes.count == length else { throw ZegelError(.badArgument) }
        return Data(bytes)
    }
}

/// One sender's numbers for one audience.
public struct Stream: Sendable, Hashable {
    /// Who sends.
    public let sender: Id
    /// SHA-256 of the ids that it is for.
    public let audience: Digest

    /// Names a stream.
    public init(sender: Id, audience: Digest) {
        self.sender = sender
        self.audience = audience
    }
}

/// A first and a last number, both included.
public struct Gap: Sendable, Hashable {
    /// The first number.
    public let first: UInt64
    /// The last number.
    public let last: UInt64

    init(_ bridged: ZegelBridge.Gap) {
        first = bridged.first
        last = bridged.last
    }
}
