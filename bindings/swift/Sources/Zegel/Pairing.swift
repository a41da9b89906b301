import Foundation
internal import ZegelBridge

/// One end of a pairing (SPEC §12.4): give what arrives on ``listensOn`` to ``take(_:now:)``, and publish its answers
/// on ``speaksOn``. What it refuses changes nothing: a broker can invent messages, so go on listening until the code
/// expires.
public final class Pairing: Sendable {
    private let bridged: ZegelBridge.Pairing

    /// Where the partner's messages arrive: subscribe before anything is published or shown.
    public let listensOn: String

    /// Where this end's messages are published.
    public let speaksOn: String

    /// Message 1, of the end that scanned: publish it once the subscription stands.
    public let firstMessage: Data?

    private init(_ bridged: ZegelBridge.Pairing) {
        self.bridged = bridged
        listensOn = bridged.listensOn()
        speaksOn = bridged.speaksOn()
        firstMessage = bridged.firstMessage()
    }

    /// The end that shows `code`. `card` is one's own.
    public static func show(
        _ code: PairingCode, identity: Identity, card: Card, now: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Pairing {
        Pairing(try call {
            try ZegelBridge.Pairing.show(
                code: code.bridged, identity: identity.bridged, card: card.bridged, now: now)
        })
    }

    /// The end that has scanned `code`; ``ZegelError/Code/rejected`` for one's own, ``ZegelError/Code/expired``.
    public static func scan(
        _ code: PairingCode, identity: Identity, card: Card, now: UInt64? = SystemTime.now
    ) throws(ZegelError) -> Pairing {
        Pairing(try call {
            try ZegelBridge.Pairing.answer(
                code: code.bridged, identity: identity.bridged, card: card.bridged, now: now)
        })
    }

    /// Takes a message; ``ZegelError/Code/codeUsed`` after the last one. Any other refusal: go on listening.
    public func take(_ message: Data, now: UInt64? = SystemTime.now) throws(ZegelError) -> Step {
        let step = try call { try bridged.take(message: message, now: now) }
        return Step(answer: step.answer, partner: step.partner.map(Card.init))
    }

    /// What a message leads to.
    public struct Step: Sendable {
        /// What to publish, where there is something.
        public let answer: Data?
        /// The partner, proven: show label and fingerprint, pin it, and then publish the answer. The pairing is done.
        public let partner: Card?
    }
}
