internal import ZegelBridge

/// How much of a measurement's length the broker may learn (SPEC §4.5).
public enum Padding: Sendable {
    /// All of it: the shortest envelope.
    case none
    /// The bucket: envelopes of 256, 512, 1024 or 2048 bytes, and Padmé lengths above.
    case buckets
}

/// How a sealer seals.
public struct SealerOptions: Sendable {
    /// How much of a length the broker may learn.
    public var padding: Padding
    /// Whether each signature is verified before it leaves, for devices in an attacker's hands.
    public var selfCheck: Bool
    /// Whether to build a table of the recipient's key: 30 KB, and each seal takes a third less.
    public var precompute: Bool

    /// Padded, and neither checked nor precomputed, unless the caller says otherwise.
    public init(padding: Padding = .buckets, selfCheck: Bool = false, precompute: Bool = false) {
        self.padding = padding
        self.selfCheck = selfCheck
        self.precompute = precompute
    }

    var bridged: ZegelBridge.SealerOptions {
        .init(padded: padding == .buckets, selfCheck: selfCheck, precompute: precompute)
    }
}
