import Foundation
internal import ZegelBridge

/// A measurement that its origin has signed, for its audience, on its topic. Whether the origin is trusted is another
/// question.
public struct Evidence: Sendable {
    /// Who measured.
    public let origin: Id
    /// The origin's card on the wire, as it came with the evidence: verified, whether in force or not.
    public let card: Data
    /// For whom it was meant. Whoever hands it on has to be among them (SPEC §11.2).
    public let audience: [Id]
    /// Where it was published.
    public let topic: String
    /// Its number in the origin's stream.
    public let sequence: UInt64
    /// When it was taken, seconds since 1970, by the origin's clock.
    public let time: UInt64?
    /// What the body is.
    public let format: Format
    /// The measurement itself.
    public let body: Data
    /// Names it, however it was proven.
    public let digest: Digest
    /// The numbers that the same signature covers: its own, or those of its block.
    public let signedWith: Gap

    /// Checks evidence, as ``Opened/proven`` gave it: no state, no keys, so that any third party can.
    /// ``ZegelError/Code/malformed``, ``ZegelError/Code/rejected``, and what is wrong with the card in it.
    public static func verify(_ evidence: Data) throws(ZegelError) -> Evidence {
        Evidence(try call { try verifyEvidence(evidence: evidence) })
    }

    init(_ facts: EvidenceFacts) {
        origin = Id(bridged: facts.origin)
        card = facts.card
        audience = facts.audience.map(Id.init(bridged:))
        topic = facts.topic
        sequence = facts.sequence
        time = facts.time
        format = Format(rawValue: facts.format)
        body = facts.body
        digest = Digest(bridged: facts.digest)
        signedWith = Gap(facts.signedWith)
    }
}

extension Evidence: CustomStringConvertible, CustomReflectable {
    /// What was measured belongs in no log.
    public var description: String { "Evidence(\(origin), number \(sequence))" }

    /// What was measured belongs in no log.
    public var customMirror: Mirror { Mirror(self, children: ["origin": origin, "sequence": sequence]) }
}

/// The devices that a forwarder vouches for (SPEC §11.3).
public enum Introduction {
    /// Writes an introduction of these cards, at most 64 and in any order, for ``Sealer/introduce(_:topic:time:)``.
    public static func write(_ cards: [Card]) throws(ZegelError) -> Data {
        try call { try writeIntroduction(cards: cards.map(\.bytes)) }
    }

    /// Checks an introduction: those in it, in their order. ``ZegelError/Code/revoked`` for a withdrawn card.
    public static func verify(_ introduction: Data) throws(ZegelError) -> [Id] {
        try call { try verifyIntroduction(introduction: introduction) }.map { Id(bridged: $0.id) }
    }
}
