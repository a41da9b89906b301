import Foundation
internal import ZegelBridge

/// Something that was sealed for this identity, on this topic, by the sender it names, and that was not taken before.
/// An ``Opener`` alone makes one.
public struct Opened: Sendable {
    /// Who opened it.
    public let recipient: Id
    /// The sender's stream to this audience.
    public let stream: Stream
    /// Its number in the sender's stream.
    public let sequence: UInt64
    /// The topic on which it came, and for which it was sealed.
    public let topic: String
    /// When it was taken, seconds since 1970, by the sender's clock; `nil` where it has none.
    public let time: UInt64?
    /// Names it: a hash of what the sender said in its context.
    public let digest: Digest
    /// What was opened.
    public let content: Content
    /// Who can be shown that the sender said this.
    public let provenance: Provenance
    /// The session in which it came; `nil` when it came alone.
    public let session: SessionId?
    /// The block of a session that is signed and complete from now on, if this arrival made it so.
    public let block: Gap?
    /// The numbers that this arrival shows to be missing so far.
    public let missing: Gap?
    /// Whether the number itself was missing before: it came late.
    public let late: Bool
    /// What can be handed on since this arrived: itself, or all of a session's block that is signed now.
    public let proven: [Proven]

    init(_ opened: ZegelBridge.Opened, recipient: Id) {
        self.recipient = recipient
        let sender = Id(bridged: opened.sender)
        stream = Stream(sender: sender, audience: Digest(bridged: opened.audience))
        sequence = opened.sequence
        topic = opened.topic
        time = opened.time
        digest = Digest(bridged: opened.digest)
        content = Content(opened.content, sender: sender)
        provenance = opened.isSigned ? .signed : .session
        session = opened.session.map(SessionId.init(bridged:))
        block = opened.block.map(Gap.init)
        missing = opened.missing.map(Gap.init)
        late = opened.late
        proven = opened.proven.map(Proven.init)
    }

    /// Who sealed it.
    public var sender: Id { stream.sender }

    /// The measurement; `nil` when it is something else.
    public var body: Data? {
        guard case .measured(_, let body) = content else { return nil }
        return body
    }

    /// What the measurement is; `nil` when it is something else.
    public var format: Format? {
        guard case .measured(let format, _) = content else { return nil }
        return format
    }
}

extension Opened: CustomStringConvertible, CustomReflectable {
    /// What was measured belongs in no log.
    public var description: String { "Opened(\(sender), number \(sequence))" }

    /// What was measured belongs in no log.
    public var customMirror: Mirror { Mirror(self, children: ["sender": sender, "sequence": sequence]) }
}

/// Who can be shown that the sender said this.
public enum Provenance: Sendable {
    /// Nobody yet: sender and receiver alone have the keys. A manifest may follow.
    case session
    /// Everybody: the sender has signed it.
    case signed
}

/// A measurement that others can be shown from now on.
public struct Proven: Sendable {
    /// Its number in its sender's stream.
    public let sequence: UInt64
    /// Names it, as it did when it arrived.
    public let digest: Digest
    /// What ``Sealer/forward(_:topic:time:)`` takes, and ``Evidence/verify(_:)``.
    public let evidence: Data

    init(_ bridged: ZegelBridge.Proven) {
        sequence = bridged.sequence
        digest = Digest(bridged: bridged.digest)
        evidence = bridged.evidence
    }
}
