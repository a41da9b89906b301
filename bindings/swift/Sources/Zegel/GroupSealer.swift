import Foundation
internal import ZegelBridge

/// Seals one identity's measurements for a fixed set of 2 to 16 recipients, in any order; another set is another
/// stream. Any thread may call it.
public final class GroupSealer: Sendable {
    private let bridged: ZegelBridge.GroupSealer

    /// Whose numbers these are, and for whom.
    public let stream: Stream

    /// Prepares to seal for the holders of `recipients`. Fails as ``Sealer`` does, and with
    /// ``ZegelError/Code/tooLarge`` and ``ZegelError/Code/equivocation``.
    public init(
        _ identity: Identity, for recipients: [Card], store: Store, options: SealerOptions = .init(),
        now: UInt64? = SystemTime.now
    ) throws(ZegelError) {
        let bridged = try call {
            try ZegelBridge.GroupSealer(
                identity: identity.bridged, recipients: recipients.map(\.bridged), now: now, store: store.bridged,
                options: options.bridged)
        }
        self.bridged = bridged
        stream = Stream(sender: identity.id, audience: Digest(bridged: try call { try bridged.audience() }))
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

    /// Takes a newer card of one of the recipients.
    public func renew(_ card: Card, now: UInt64? = SystemTime.now) throws(ZegelError) -> Succession {
        Succession(try call { try bridged.renew(card: card.bridged, now: now) })
    }
}
