import Foundation
internal import ZegelBridge
internal import ZegelBridgeFFI

/// Secret bytes in a buffer of the bridge, whose heap is zeroed when it is freed: no copy of them is Swift's.
struct Lent {
    private let buffer: RustBuffer

    /// Calls a function of the bridge that returns bytes and does not fail.
    init(_ function: (UnsafeMutablePointer<RustCallStatus>) -> RustBuffer) {
        guard case .success(let buffer) = Self.called(function) else { bug() }
        self.buffer = buffer
    }

    private init(_ buffer: RustBuffer) { self.buffer = buffer }

    /// The same for one that may fail.
    static func of(_ function: (UnsafeMutablePointer<RustCallStatus>) -> RustBuffer) throws(ZegelError) -> Lent {
        try Lent(Self.called(function).get())
    }

    /// Lends the bytes once, and frees them.
    func with<T, E: Error>(_ use: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        defer { Self.free(buffer) }
        let whole = UnsafeRawBufferPointer(start: buffer.data, count: Int(buffer.len))
        // UniFFI's encoding of bytes: their number in four, and then they themselves.
        return try use(UnsafeRawBufferPointer(rebasing: whole.dropFirst(Self.head)))
    }

    /// Gives a function of the bridge bytes, which it frees.
    static func give<T>(
        _ bytes: Data, to function: (RustBuffer, UnsafeMutablePointer<RustCallStatus>) -> T
    ) throws(ZegelError) -> T {
        let length = head + bytes.count
        guard case .success(var buffer) = called({ ffi_zegel_uniffi_rustbuffer_alloc(UInt64(length), $0) }),
            let start = buffer.data, let count = Int32(exactly: bytes.count)
        else { bug() }
        let whole = UnsafeMutableRawBufferPointer(start: start, count: length)
        whole.storeBytes(of: count.bigEndian, as: Int32.self)
        bytes.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: whole.dropFirst(head)))
        buffer.len = UInt64(length)
        return try called { function(buffer, $0) }.get()
    }

    private static let head = 4

    private static func called<T>(
        _ function: (UnsafeMutablePointer<RustCallStatus>) -> T
    ) -> Result<T, ZegelError> {
        uniffiEnsureZegelUniffiInitialized()
        var status = RustCallStatus()
        let returned = function(&status)
        switch status.code {
        case 0: return .success(returned)
        case 1:
            guard let failure = try? FfiConverterTypeFailure_lift(status.errorBuf) else { bug() }
            return .failure(ZegelError(failure, cause: nil))
        default: bug()
        }
    }

    private static func free(_ buffer: RustBuffer) {
        guard case .success = called({ ffi_zegel_uniffi_rustbuffer_free(buffer, $0) }) else { bug() }
    }
}

extension Data {
    /// Overwrites the bytes where they are. The compiler may not take it for needless: what it writes is read later.
    mutating func wipe() {
        resetBytes(in: startIndex..<endIndex)
    }
}
