internal import ZegelBridge

/// A store in a file. It can hold one's own keys as well: the file is not encrypted by Zegel, so only where nothing
/// better is. It is closed when nothing that was made with it is left.
public final class FileStore: Store, @unchecked Sendable {
    /// One's own identity, if the store has it.
    public func identity() throws(ZegelError) -> Identity? {
        try call { try bridged.identity() }.map(Identity.init)
    }

    /// Stores one's own identity; ``ZegelError/Code/conflict`` when another one is there.
    public func setIdentity(_ seed: Secret, created: UInt64 = SystemTime.now) throws(ZegelError) {
        try call { try bridged.setIdentity(seed: seed.bridged, created: created) }
    }

    /// One's own KEM keys, in use or retired, oldest first.
    public func kemKeys() throws(ZegelError) -> [OwnKey] {
        try call { try bridged.kemKeys() }.map(OwnKey.init)
    }

    /// Stores one of one's own KEM keys, before a card names it.
    public func addKemKey(_ secret: Secret, created: UInt64 = SystemTime.now) throws(ZegelError) {
        try call { try bridged.addKemKey(secret: secret.bridged, created: created) }
    }

    /// Notes when a KEM key was taken off one's card: its grace begins. `false` when there is no such key.
    @discardableResult
    public func retireKemKey(_ kid: Kid, at: UInt64 = SystemTime.now) throws(ZegelError) -> Bool {
        try call { try bridged.retireKemKey(kid: kid.bytes, at: at) }
    }

    /// Erases the KEM keys that were retired before `before`, the end of their grace, and says how many (SPEC §8.4).
    @discardableResult
    public func eraseRetired(before: UInt64) throws(ZegelError) -> UInt64 {
        try call { try bridged.eraseRetired(before: before) }
    }

    /// Erases one of one's own keys, the identity's too; `false` when there is no such key.
    @discardableResult
    public func eraseKey(_ kid: Kid) throws(ZegelError) -> Bool {
        try call { try bridged.eraseKey(kid: kid.bytes) }
    }
}

/// One of one's own KEM keys, with its dates in seconds since 1970.
public struct OwnKey: Sendable {
    /// The key, ready for an ``Opener``.
    public let key: KemKey
    /// When it was stored.
    public let created: UInt64
    /// When it was retired; `nil` while one's card offers it.
    public let retired: UInt64?

    init(_ bridged: ZegelBridge.OwnKey) {
        key = KemKey(bridged.key)
        created = bridged.created
        retired = bridged.retired
    }
}
