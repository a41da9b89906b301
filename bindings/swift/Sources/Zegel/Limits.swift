import Foundation

/// Limits of SPEC §3.3.
public enum Limits {
    /// Largest sequence number, time and serial.
    public static let maxNumber: UInt64 = (1 << 53) - 1
    /// Most bytes of an envelope.
    public static let maxEnvelope = 1 << 20
    /// Most bytes of a topic.
    public static let maxTopic = 255
    /// Most bytes of a card.
    public static let maxCard = 512
    /// Most bytes of a card's label.
    public static let maxLabel = 64
    /// Most KEM keys on a card.
    public static let maxKemKeys = 4
    /// Most recipients of one envelope.
    public static let maxRecipients = 16
    /// Most messages that one manifest covers.
    public static let maxBlock: UInt64 = 64
    /// Most numbers of a session after its keyframe's.
    public static let maxSession: UInt64 = 1 << 16
    /// Most seconds that a sender uses a session.
    public static let maxSessionSeconds: UInt64 = 86_400
    /// Most cards of an introduction.
    public static let maxIntroduced = 64
}

/// The system's clock: what every `now` and every `time` is unless a caller says otherwise.
public enum SystemTime {
    /// Seconds since 1970.
    public static var now: UInt64 { UInt64(max(0, Date().timeIntervalSince1970)) }
}
