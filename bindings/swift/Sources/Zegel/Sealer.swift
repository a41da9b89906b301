import Foundation
internal import ZegelBridge

/// Seals one identity's measurements for one recipient, each under its own number. While a ``Session`` is open,
/// everything else here is ``ZegelError/Code/badContext``. Any thread may call it.
public final class Sealer: Sendable {
    let bridged: ZegelBridge.Sealer

    /// Whose numbers these are, and for whom.
    public let stream: Stream

    /// Prepares to seal for the holder of `recipient`. For the card it fails with ``ZegelError/Code/revoked``,
    /// ``ZegelError/Code/notYetValid``, ``ZegelError/Code/expired`` or ``ZegelError/Code/keyUnavailable``.
    public init(
        _ identity: Identity, for recipient: Card, store: Store, options: SealerOptions = .init(),
        now: UInt64? = SystemTime.now
    ) throws(ZegelError) {
        let bridged = try call {
            try ZegelBridge.Sealer(
                identity: identity.bridged, recipient: recipient.bridged, now: now, store: store.bridged,
                options: options.bridged)
        }
        self.bridged = bridged
        stream = Stream(sender: identity.id, audience: Digest(bridged: try call { try bridged.audience() }))
    }

    /// The number that the next seal uses; it is reserved by now.
    public func nextSequence() throws(ZegelError) -> UInt64 {
        try call { try bridged.nextSequence() }
    }

    /// How many bytes the envelope of this measurement would have.
    public func sealedLength(_ measurement: Measurement) throws(ZegelError) -> Int {
        Int(try call { try bridged.sealedLen(measurement: measurement.bridged) })
    }

    /// Seals a measurement for `topic`: the envelope.
    public func seal(_ measurement: Measurement, topic: String) throws(ZegelError) -> Data {
        try call { try bridged.seal(topic: topic, measurement: measurement.bridged) }
    }

    /// Seals what `policy` lets leave of `pack`; ``ZegelError/Code/nothingAllowed`` when nothing is left.
    public func seal(
        _ pack: Pack, policy: Policy, topic: String, time: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Data {
        try call {
            try bridged.sealPack(topic: topic, time: time, pack: pack.bridged, policy: policy.bridged)
        }
    }

    /// Hands on what somebody else has signed: evidence as ``Opened/proven`` gave it (SPEC §11.2).
    public func forward(
        _ evidence: Data, topic: String, time: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Data {
        try call { try bridged.forward(topic: topic, time: time, evidence: evidence) }
    }

    /// Tells the recipient which devices this identity vouches for, by an ``Introduction`` (SPEC §11.3).
    public func introduce(
        _ introduction: Data, topic: String, time: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Data {
        try call { try bridged.introduce(topic: topic, time: time, introduction: introduction) }
    }

    /// Begins a session, whose keyframe is to be published on `topic`. It holds this sealer until its end.
    public func begin(
        topic: String, limits: SessionLimits = .init(), now: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Session {
        let keyframe = try call { try bridged.beginSession(topic: topic, now: now, limits: limits.bridged) }
        return try Session(self, keyframe: keyframe)
    }

    /// Takes a newer card of the recipient, however it arrived; ``ZegelError/Code/unknownSender`` for one of somebody
    /// else.
    public func renew(_ card: Card, now: UInt64? = SystemTime.now) throws(ZegelError) -> Succession {
        Succession(try call { try bridged.renew(card: card.bridged, now: now) })
    }
}
