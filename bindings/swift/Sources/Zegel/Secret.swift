import Foundation
internal import ZegelBridge
internal import ZegelBridgeFFI

/// 32 secret bytes: a seed or a private key on its way to a keystore or from it. They lie outside of what Swift
/// manages, and are wiped when the last reference to this object goes.
public final class Secret: Sendable {
    let bridged: ZegelBridge.Secret

    /// Takes over 32 stored bytes, and wipes them where they came in; ``ZegelError/Code/badArgument`` for another
    /// number of them. Of a `Data` that shares its bytes with another one, only this one is wiped.
    public init(taking bytes: inout Data) throws(ZegelError) {
        defer { bytes.wipe() }
        bridged = try Self.take(bytes)
    }

    private init(_ bridged: ZegelBridge.Secret) { self.bridged = bridged }

    /// Draws a secret; ``ZegelError/Code/entropy`` when the generator fails.
    public static func random() throws(ZegelError) -> Secret {
        Secret(try call { try ZegelBridge.Secret.random() })
    }

    /// Lends the bytes, for storing them where the platform keeps keys, and wipes what was lent afterwards. A copy
    /// that `use` makes is its own to wipe.
    public func expose<T, E: Error>(_ use: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        // By hand, as what UniFFI generates would leave a copy in an array that nobody wipes.
        let lent = Lent { [bridged] in
            uniffi_zegel_uniffi_fn_method_secret_expose(bridged.uniffiCloneHandle(), $0)
        }
        return try lent.with(use)
    }

    private static func take(_ bytes: Data) throws(ZegelError) -> ZegelBridge.Secret {
        let handle = try Lent.give(bytes) { uniffi_zegel_uniffi_fn_constructor_secret_of($0, $1) }
        return ZegelBridge.Secret(unsafeFromHandle: handle)
    }
}

extension Secret: CustomStringConvertible, CustomReflectable {
    /// Shows nothing.
    public var description: String { "Secret(..)" }

    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
