import Foundation
internal import ZegelBridge

/// How long a session is used: the longest, with a signature for every 32 messages, unless a caller says otherwise.
public struct SessionLimits: Sendable, Hashable {
    /// Most messages that one manifest covers: 1 to 64.
    public var block: UInt64
    /// Most messages after the keyframe, manifests included: 1 to 65,536.
    public var messages: UInt64
    /// Seconds of use: 1 to 86,400.
    public var seconds: UInt64

    /// Limits for ``Sealer/begin(topic:limits:now:)``.
    public init(
        block: UInt64 = 32, messages: UInt64 = Limits.maxSession, seconds: UInt64 = Limits.maxSessionSeconds
    ) {
        self.block = block
        self.messages = messages
        self.seconds = seconds
    }

    init(_ bridged: ZegelBridge.SessionLimits) {
        self.init(block: bridged.block, messages: bridged.messages, seconds: bridged.seconds)
    }

    var bridged: ZegelBridge.SessionLimits { .init(block: block, messages: messages, seconds: seconds) }
}

/// One key exchange and one signature for many messages (SPEC §10). ``Sealer/begin(topic:limits:now:)`` makes it; its
/// keys are in memory alone, and its end wipes them and frees the sealer, also when nobody holds it any more. What no
/// ``manifest(topic:)`` has signed stays unproven.
public final class Session: @unchecked Sendable {
    private let sealer: Sealer
    // Unchecked for this alone: it is read and written under its lock. A signer that comes back here is to hear `busy`
    // from the bridge, and not to wait for itself.
    private let lock = NSRecursiveLock()
    private var open = true

    /// The keyframe, to be published first.
    public let keyframe: Data

    /// Names the session on the wire.
    public let id: SessionId

    init(_ sealer: Sealer, keyframe: Data) throws(ZegelError) {
        self.sealer = sealer
        self.keyframe = keyframe
        id = SessionId(bridged: try call { try sealer.bridged.sessionId() })
    }

    deinit {
        if open { try? sealer.bridged.endSession() }
    }

    /// How many messages since the last manifest nobody but the recipient can be shown yet; 0 after the end.
    public var unsigned: UInt64 { (try? still { try $0.sessionUnsigned() }) ?? 0 }

    /// Whether the next call must be ``manifest(topic:)``.
    public var manifestDue: Bool { (try? still { try $0.sessionManifestDue() }) ?? false }

    /// Seals a measurement for `topic`; ``ZegelError/Code/manifestDue`` when the block is full,
    /// ``ZegelError/Code/sessionOver`` at a limit.
    public func seal(
        _ measurement: Measurement, topic: String, now: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Data {
        try still { try $0.sessionSeal(topic: topic, measurement: measurement.bridged, now: now) }
    }

    /// Seals what `policy` lets leave of `pack`.
    public func seal(
        _ pack: Pack, policy: Policy, topic: String, time: UInt64? = SystemTime.now,
        now: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Data {
        try still {
            try $0.sessionSealPack(
                topic: topic, time: time, pack: pack.bridged, policy: policy.bridged, now: now)
        }
    }

    /// Signs all messages since the last manifest, at once: a message itself, to be published on `topic`.
    public func manifest(topic: String) throws(ZegelError) -> Data {
        try still { try $0.sessionManifest(topic: topic) }
    }

    /// Takes a newer card of the recipient: whether the session goes on. With another key it is over.
    public func renew(_ card: Card, now: UInt64? = SystemTime.now) throws(ZegelError) -> Bool {
        try ending { sealer in
            let goesOn = try sealer.sessionRenew(card: card.bridged, now: now)
            return (goesOn, !goesOn)
        }
    }

    /// Ends the session: its keys are wiped, and the sealer, which this gives back, is free.
    @discardableResult
    public func end() throws(ZegelError) -> Sealer {
        try ending { sealer in
            try sealer.endSession()
            return ((), true)
        }
        return sealer
    }

    /// A session that has ended does not act in the one after it.
    private func still<T>(_ work: (ZegelBridge.Sealer) throws -> T) throws(ZegelError) -> T {
        try ending { (try work($0), false) }
    }

    private func ending<T>(_ work: (ZegelBridge.Sealer) throws -> (T, Bool)) throws(ZegelError) -> T {
        lock.lock()
        defer { lock.unlock() }
        guard open else { throw ZegelError(.badContext) }
        let (outcome, over) = try call { try work(sealer.bridged) }
        if over { open = false }
        return outcome
    }
}
