import Foundation
internal import ZegelBridge

/// An X25519 key that something else holds. Whatever it throws becomes ``ZegelError/Code/keyUnavailable``, with that
/// as its cause.
public protocol KeyAgreement: Sendable {
    /// The public key, 32 bytes. Always the same.
    var publicKey: Data { get }

    /// `X25519(private, peer)`, 32 bytes. They go through memory that Swift manages, and are not wiped there.
    func agree(_ peer: Data) throws -> Data
}

/// A private KEM key: it opens. What it knows is wiped when it and the openers that hold it are gone.
public final class KemKey: Sendable {
    let bridged: ZegelBridge.KemKey

    init(_ bridged: ZegelBridge.KemKey) { self.bridged = bridged }

    /// The key of 32 stored bytes; ``ZegelError/Code/weakKey`` for one that others know.
    public convenience init(secret: Secret) throws(ZegelError) {
        self.init(try call { try ZegelBridge.KemKey.fromSecret(secret: secret.bridged) })
    }

    /// The key that `agreement` holds.
    public convenience init(agreement: some KeyAgreement) throws(ZegelError) {
        self.init(try call { try ZegelBridge.KemKey.fromAgreement(agreement: Agreeing(agreement: agreement)) })
    }

    /// A new key that nobody stores. To keep one, draw a ``Secret`` and store it first.
    public static func generate() throws(ZegelError) -> KemKey {
        KemKey(try call { try ZegelBridge.KemKey.generate() })
    }

    /// The public half, for a card: 32 bytes.
    public var publicKey: Data { bridged.publicKey() }

    /// What an envelope names this key by.
    public var kid: Kid { Kid(bridged: bridged.kid()) }
}

extension KemKey: CustomStringConvertible, CustomReflectable {
    /// The name, and nothing secret.
    public var description: String { "KemKey(\(kid), ..)" }

    /// The name, and nothing secret.
    public var customMirror: Mirror { Mirror(self, children: ["kid": kid]) }
}

private final class Agreeing: ZegelBridge.KeyAgreement {
    private let agreement: any KeyAgreement

    init(agreement: any KeyAgreement) { self.agreement = agreement }

    func publicKey() -> Data { agreement.publicKey }

    func agree(peer: Data) throws -> Data {
        try callback { try agreement.agree(peer) }
    }
}
