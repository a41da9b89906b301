import Foundation
internal import ZegelBridge

/// Limits on what is accepted (SPEC §7.5). The defaults let a phone deliver a month late, and a clock be 5 minutes off.
public struct Acceptance: Sendable, Hashable {
    /// Most seconds between a measurement and its arrival; `nil` for any.
    public var maxAge: UInt64?
    /// Most seconds that a measurement's time may lie ahead of the receiver's clock; `nil` for any.
    public var maxSkew: UInt64?
    /// Most numbers that an arrival may pass over; `nil` for any.
    public var maxJump: UInt64?

    /// Limits for an ``Opener``.
    public init(maxAge: UInt64? = 31 * 86_400, maxSkew: UInt64? = 300, maxJump: UInt64? = 1 << 20) {
        self.maxAge = maxAge
        self.maxSkew = maxSkew
        self.maxJump = maxJump
    }

    /// Takes whatever is proven.
    public static let anything = Acceptance(maxAge: nil, maxSkew: nil, maxJump: nil)

    var bridged: ZegelBridge.Acceptance { .init(maxAge: maxAge, maxSkew: maxSkew, maxJump: maxJump) }
}

/// Opens what was sealed for one identity, with any of its keys: the current one, and older ones in their grace
/// period. Every call blocks for as long as the store's disk does: not for the main actor. Any thread may call it.
///
/// A *taker* stores what was opened, durably, or throws. It runs in the middle of the transaction that takes the
/// number: where it throws, nothing was taken, the call fails with ``ZegelError/Code/callback`` and the taker's error
/// as its cause, and the broker will deliver the message again. Store it under its ``Opened/digest``: what was stored
/// and yet not taken, because the power went in between, comes once more under the same one. A taker makes no call to
/// the same ``Store``, nor to an opener or a sealer of it: ``ZegelError/Code/busy``.
public final class Opener: Sendable {
    private let bridged: ZegelBridge.Opener
    private let me: Id

    /// Opens for `me` with any of `keys`.
    public init(
        _ me: Id, keys: [KemKey], store: Store, acceptance: Acceptance = .init()
    ) throws(ZegelError) {
        self.me = me
        bridged = try call {
            try ZegelBridge.Opener(
                me: me.bytes, keys: keys.map(\.bridged), store: store.bridged, acceptance: acceptance.bridged)
        }
    }

    /// Opens what arrived on `topic`, and takes its number. With `proven`, ``Opened/proven`` is what can be handed on
    /// since then. Throws the errors of SPEC §7.1; acknowledge to the broker after all of them but
    /// ``ZegelError/Code/storage``, ``ZegelError/Code/full``, ``ZegelError/Code/entropy`` and
    /// ``ZegelError/Code/keyUnavailable``.
    public func open(
        _ message: Data, topic: String, now: UInt64? = SystemTime.now, proven: Bool = true
    ) throws(ZegelError) -> Opened {
        let opened = try call {
            try bridged.open(topic: topic, now: now, message: message, proven: proven, taker: nil)
        }
        return Opened(opened, recipient: me)
    }

    /// The same, with a taker.
    public func open(
        _ message: Data, topic: String, now: UInt64? = SystemTime.now, proven: Bool = true,
        taker: (Opened) throws -> Void
    ) throws(ZegelError) -> Opened {
        let opened = try taking(taker) {
            try bridged.open(topic: topic, now: now, message: message, proven: proven, taker: $0)
        }
        return Opened(opened, recipient: me)
    }

    /// What a subscription does with each message: opens it, and what had waited for it, and says what became of it.
    /// What came too early, before its keyframe or its sender's card, is kept, sealed and within a bound, until it can be
    /// opened; where there is no room it is refused, and lost. Throws ``ZegelError/Code/callback`` where the taker did,
    /// and other numbers below zero for mistakes in the call.
    public func receive(
        _ message: Data, topic: String, now: UInt64? = SystemTime.now, proven: Bool = true,
        taker: (Opened) throws -> Void
    ) throws(ZegelError) -> Receipt {
        try Receipt.of { () throws(ZegelError) in
            try taking(taker) {
                try bridged.receive(topic: topic, now: now, message: message, proven: proven, taker: $0)
            }
        }
    }

    /// Opens again what waits for a card: after one was pinned or renewed.
    public func retry(
        now: UInt64? = SystemTime.now, proven: Bool = true, taker: (Opened) throws -> Void
    ) throws(ZegelError) -> Receipt {
        try Receipt.of { () throws(ZegelError) in
            try taking(taker) { try bridged.retry(now: now, proven: proven, taker: $0) }
        }
    }

    /// Decrypts an envelope without believing it, for inspection: no signature is checked, no number is taken.
    public func look(_ message: Data, topic: String) throws(ZegelError) -> Unverified {
        Unverified(try call { try bridged.look(topic: topic, message: message) })
    }

    /// The bridge lets go of a taker before its call returns, so that the closure escapes nowhere.
    private func taking<T>(
        _ taker: (Opened) throws -> Void, _ work: (Taking) throws -> T
    ) throws(ZegelError) -> T {
        try call {
            try withoutActuallyEscaping(taker) { try work(Taking(taker: $0, me: me)) }
        }
    }
}

/// Unchecked, for the one thread that is in the call is the only one that gets it.
private final class Taking: ZegelBridge.Taker, @unchecked Sendable {
    private let taker: (Opened) throws -> Void
    private let me: Id

    init(taker: @escaping (Opened) throws -> Void, me: Id) {
        self.taker = taker
        self.me = me
    }

    func take(opened: ZegelBridge.Opened) throws {
        try callback { try taker(Opened(opened, recipient: me)) }
    }
}

/// What an envelope says before its signature is checked: claims.
public struct Unverified: Sendable {
    /// The hint of who sent it.
    public let claimedSender: Kid
    /// Its number.
    public let claimedSequence: UInt64
    /// Its time, seconds since 1970.
    public let claimedTime: UInt64?
    /// What the body is.
    public let claimedFormat: Format
    /// The body.
    public let claimedBody: Data
    /// How many zeros fill the envelope.
    public let padLength: Int
    /// The encoded statement, as it was signed.
    public let statement: Data
    /// The signature, unchecked: 64 bytes.
    public let signature: Data

    init(_ looked: Unproven) {
        claimedSender = Kid(bridged: looked.sender)
        claimedSequence = looked.sequence
        claimedTime = looked.time
        claimedFormat = Format(rawValue: looked.format)
        claimedBody = looked.body
        padLength = Int(looked.padLength)
        statement = looked.statement
        signature = looked.signature
    }
}
