import Foundation
internal import ZegelBridge

/// What was opened.
public enum Content: Sendable {
    /// A measurement: what all of this is for.
    case measured(format: Format, body: Data)

    /// A session has begun. It is used within `limits`; where it was not `kept`, because it was held back too long,
    /// its messages cannot be opened.
    case keyframe(session: SessionId, limits: SessionLimits, kept: Bool)

    /// A block of a session was signed, under this Merkle root; ``Opened/block`` says whether all of it is here.
    case manifest(numbers: Gap, root: Digest)

    /// A measurement that somebody hands on.
    case custody(Custody)

    /// The devices that the sender vouches for, by their cards on the wire in the order of their ids: the store has
    /// taken them, and pinned nobody.
    case introduced(cards: [Data])

    init(_ content: ZegelBridge.Content, sender: Id) {
        switch content {
        case .measurement(let format, let body):
            self = .measured(format: Format(rawValue: format), body: body)
        case .keyframe(let session, let limits, let kept):
            self = .keyframe(session: SessionId(bridged: session), limits: SessionLimits(limits), kept: kept)
        case .manifest(let numbers, let root):
            self = .manifest(numbers: Gap(numbers), root: Digest(bridged: root))
        case .evidence(let evidence, let pinned):
            let known: Origin = pinned ? .pinned : .vouched
            self = .custody(Custody(evidence: Evidence(evidence), forwarder: sender, known: known))
        case .introduction(let cards):
            self = .introduced(cards: cards)
        }
    }
}

/// A measurement that somebody hands on: it names both hands.
public struct Custody: Sendable {
    /// The measurement, with its origin's proof.
    public let evidence: Evidence
    /// Who hands it on.
    public let forwarder: Id
    /// How the receiver knows who measured.
    public let known: Origin

    /// Who measured.
    public var origin: Id { evidence.origin }
}

/// How the receiver knows who measured.
public enum Origin: Sendable {
    /// It has pinned them itself.
    case pinned
    /// The forwarder vouches for them, in its latest introduction.
    case vouched
}
