import Foundation
internal import ZegelBridge
internal import ZegelBridgeFFI

/// The code that one end shows and the other scans (SPEC §12.1). It is as secret as what it pairs, and serves once: a
/// ``Pairing`` takes it over, and ``ZegelError/Code/badContext`` is the answer to all that is asked of it afterwards.
public final class PairingCode: Sendable {
    let bridged: ZegelBridge.PairingCode

    /// Who shows it.
    public let shower: Id

    /// Its last second, since 1970; `nil` where the shower has no clock.
    public let expires: UInt64?

    private init(_ bridged: ZegelBridge.PairingCode) throws(ZegelError) {
        self.bridged = bridged
        shower = Id(bridged: try call { try bridged.shower() })
        expires = try call { try bridged.expires() }
    }

    /// Reads the text of a code as it was scanned; ``ZegelError/Code/malformed``, ``ZegelError/Code/weakKey``. A
    /// string cannot be wiped: let go of it soon, and trust in that the code serves once and not for long.
    public convenience init(_ text: String) throws(ZegelError) {
        var bytes = Data(text.utf8)
        defer { bytes.wipe() }
        let handle = try Lent.give(bytes) { uniffi_zegel_uniffi_fn_constructor_pairingcode_scan($0, $1) }
        try self.init(ZegelBridge.PairingCode(unsafeFromHandle: handle))
    }

    /// Takes over the bytes of a code, as NFC or BLE carry them, and wipes them where they came in.
    public convenience init(taking bytes: inout Data) throws(ZegelError) {
        defer { bytes.wipe() }
        let handle = try Lent.give(bytes) { uniffi_zegel_uniffi_fn_constructor_pairingcode_from_bytes($0, $1) }
        try self.init(ZegelBridge.PairingCode(unsafeFromHandle: handle))
    }

    /// Draws a code that `identity` shows for `lifetime` seconds, a day at most.
    public static func draw(
        _ identity: Identity, lifetime: UInt64, now: UInt64? = SystemTime.now
    ) throws(ZegelError) -> PairingCode {
        try PairingCode(call {
            try ZegelBridge.PairingCode.draw(identity: identity.bridged, now: now, lifetime: lifetime)
        })
    }

    /// The text of the code, for a QR code of version 5. A string cannot be wiped: draw it, and let go of it.
    public func text() throws(ZegelError) -> String {
        let lent = try Lent.of { [bridged] in
            uniffi_zegel_uniffi_fn_method_pairingcode_text(bridged.uniffiCloneHandle(), $0)
        }
        return lent.with { String(decoding: $0, as: UTF8.self) }
    }

    /// Lends the bytes of the code, as NFC or BLE carry them, and wipes what was lent afterwards.
    public func expose<T>(_ use: (UnsafeRawBufferPointer) -> T) throws(ZegelError) -> T {
        let lent = try Lent.of { [bridged] in
            uniffi_zegel_uniffi_fn_method_pairingcode_bytes(bridged.uniffiCloneHandle(), $0)
        }
        return lent.with(use)
    }
}

extension PairingCode: CustomStringConvertible, CustomReflectable {
    /// Who shows it, and nothing secret.
    public var description: String { "PairingCode(\(shower), ..)" }

    /// Who shows it, and nothing secret.
    public var customMirror: Mirror { Mirror(self, children: ["shower": shower]) }
}
