import Foundation
internal import ZegelBridge

/// An Ed25519 key that something else holds. Whatever it throws becomes ``ZegelError/Code/keyUnavailable``, with that
/// as its cause.
public protocol Signer: Sendable {
    /// The public key, 32 bytes. Always the same.
    var publicKey: Data { get }

    /// An Ed25519 signature, 64 bytes. `noise` is 32 fresh random bytes for the nonce, for holders that can use them
    /// (SPEC §5.3).
    func sign(_ message: Data, noise: Data) throws -> Data
}

/// A private identity: it signs. What it knows is wiped when it and the sealers and pairings that were made with it
/// are gone.
public final class Identity: Sendable {
    let bridged: ZegelBridge.Identity

    /// The name of this identity.
    public let id: Id

    init(_ bridged: ZegelBridge.Identity) {
        self.bridged = bridged
        id = Id(bridged: bridged.id())
    }

    /// The identity of a stored seed; ``ZegelError/Code/weakKey`` for one that others know.
    public convenience init(seed: Secret) throws(ZegelError) {
        self.init(try call { try ZegelBridge.Identity.fromSeed(seed: seed.bridged) })
    }

    /// The identity whose key `signer` holds. `hedge` was drawn once, and is stored (SPEC §5.2).
    public convenience init(signer: some Signer, hedge: Secret) throws(ZegelError) {
        self.init(try call {
            try ZegelBridge.Identity.fromSigner(signer: Signing(signer: signer), hedge: hedge.bridged)
        })
    }

    /// A new identity that nobody stores. To keep one, draw a ``Secret`` and store it first.
    public static func generate() throws(ZegelError) -> Identity {
        Identity(try call { try ZegelBridge.Identity.generate() })
    }

    /// The Ed25519 public key, 32 bytes.
    public var publicKey: Data { bridged.publicKey() }
}

extension Identity: CustomStringConvertible, CustomReflectable {
    /// The name, and nothing secret.
    public var description: String { "Identity(\(id), ..)" }

    /// The name, and nothing secret.
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

private final class Signing: ZegelBridge.Signer {
    private let signer: any Signer

    init(signer: any Signer) { self.signer = signer }

    func publicKey() -> Data { signer.publicKey }

    func sign(message: Data, noise: Data) throws -> Data {
        try callback { try signer.sign(message, noise: noise) }
    }
}
