import Foundation
internal import ZegelBridge

/// What the broker sees of a message: its shape and names. Nothing of it is proven.
public enum Sight: Sendable {
    /// An envelope for one: the KEM key that it names, its encapsulated key, a fresh X25519 key of 32 bytes, and the
    /// bytes of its ciphertext, the tag included.
    case envelope(claimedRecipient: Kid, ek: Data, ciphertextLength: Int)

    /// An envelope for several: the KEM keys that it names, and the bytes of its ciphertext, the tag included.
    case groupEnvelope(claimedRecipients: [Kid], ciphertextLength: Int)

    /// A message of the session that it names.
    case message(claimedSession: SessionId)

    /// Looks at a message; ``ZegelError/Code/malformed`` when it is none of Zegel's.
    public static func inspect(_ message: Data) throws(ZegelError) -> Sight {
        switch try call({ try ZegelBridge.inspect(message: message) }) {
        case .envelope(let recipient, let ek, let length):
            .envelope(claimedRecipient: Kid(bridged: recipient), ek: ek, ciphertextLength: Int(length))
        case .group(let recipients, let length):
            .groupEnvelope(claimedRecipients: recipients.map(Kid.init(bridged:)), ciphertextLength: Int(length))
        case .message(let session):
            .message(claimedSession: SessionId(bridged: session))
        }
    }
}
