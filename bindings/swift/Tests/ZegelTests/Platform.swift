import Foundation
import Zegel

#if canImport(CryptoKit)
import CryptoKit

func sha256(_ parts: Data...) -> Data { Data(SHA256.hash(data: parts.reduce(Data(), +))) }

/// The platform's own keys.
final class Keystore: Zegel.Signer {
    private let key = Curve25519.Signing.PrivateKey()
    var publicKey: Data { key.publicKey.rawRepresentation }
    func sign(_ message: Data, noise: Data) throws -> Data { try key.signature(for: message) }
}

final class Agreement: Zegel.KeyAgreement {
    private let key = Curve25519.KeyAgreement.PrivateKey()
    var publicKey: Data { key.publicKey.rawRepresentation }

    func agree(_ peer: Data) throws -> Data {
        let peer = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: peer)
        return try key.sharedSecretFromKeyAgreement(with: peer).withUnsafeBytes { Data($0) }
    }
}
#else
import COpenSSL

func sha256(_ parts: Data...) -> Data {
    let whole = parts.reduce(Data(), +)
    var digest = Data(count: 32)
    digest.withUnsafeMutableBytes { out in
        whole.withUnsafeBytes { _ = SHA256($0.baseAddress, $0.count, out.baseAddress) }
    }
    return digest
}

struct NoKey: Error {}

/// A key of OpenSSL's, in place of the platform's. Unchecked, as nobody changes it.
class Held: @unchecked Sendable {
    fileprivate let key: OpaquePointer

    fileprivate init(_ name: String) {
        key = EVP_PKEY_Q_keygen_of(name)
    }

    deinit { EVP_PKEY_free(key) }

    final var publicKey: Data {
        var (bytes, length) = (Data(count: 32), 32)
        bytes.withUnsafeMutableBytes { _ = EVP_PKEY_get_raw_public_key(key, $0.baseAddress, &length) }
        return bytes
    }
}

private func EVP_PKEY_Q_keygen_of(_ name: String) -> OpaquePointer {
    let context = EVP_PKEY_CTX_new_from_name(nil, name, nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_generate(context, &key) == 1, let key else {
        fatalError("no key of \(name)")
    }
    return key
}

final class Keystore: Held, Zegel.Signer, @unchecked Sendable {
    init() { super.init("ED25519") }

    func sign(_ message: Data, noise: Data) throws -> Data {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var (signature, length) = (Data(count: 64), 64)
        let signed = signature.withUnsafeMutableBytes { out in
            message.withUnsafeBytes { bytes in
                let (out, bytes) = (out.bindMemory(to: UInt8.self), bytes.bindMemory(to: UInt8.self))
                return EVP_DigestSignInit(context, nil, nil, nil, key) == 1
                    && EVP_DigestSign(context, out.baseAddress, &length, bytes.baseAddress, bytes.count) == 1
            }
        }
        guard signed else { throw NoKey() }
        return signature
    }
}

final class Agreement: Held, Zegel.KeyAgreement, @unchecked Sendable {
    init() { super.init("X25519") }

    func agree(_ peer: Data) throws -> Data {
        let theirs = peer.withUnsafeBytes {
            EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, $0.bindMemory(to: UInt8.self).baseAddress, 32)
        }
        let context = EVP_PKEY_CTX_new(key, nil)
        defer {
            EVP_PKEY_CTX_free(context)
            EVP_PKEY_free(theirs)
        }
        var (shared, length) = (Data(count: 32), 32)
        let derived = shared.withUnsafeMutableBytes {
            EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, theirs) == 1
                && EVP_PKEY_derive(context, $0.bindMemory(to: UInt8.self).baseAddress, &length) == 1
        }
        guard derived else { throw NoKey() }
        return shared
    }
}
#endif
