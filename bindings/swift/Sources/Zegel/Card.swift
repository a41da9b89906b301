import Foundation
internal import ZegelBridge

/// What a card is to say. Times are seconds since 1970, both ends included (SPEC §8.1).
public struct CardClaims: Sendable {
    /// Counts up with each card of an identity; the highest wins.
    public var serial: UInt64
    /// First second of validity.
    public var notBefore: UInt64
    /// Last second of validity.
    public var expires: UInt64
    /// What people call the holder: at most 64 bytes, no control characters.
    public var label: String
    /// The keys to seal to, at most 4, the current one first; none for who only seals.
    public var kemKeys: [KemKey]
    /// ``Status/withdrawn`` ends the identity for good.
    public var status: Status

    /// Claims for ``Card/issue(_:by:)``.
    public init(
        serial: UInt64, notBefore: UInt64, expires: UInt64, label: String = "", kemKeys: [KemKey] = [],
        status: Status = .active
    ) {
        self.serial = serial
        self.notBefore = notBefore
        self.expires = expires
        self.label = label
        self.kemKeys = kemKeys
        self.status = status
    }
}

/// Whether the holder of a card still uses its keys.
public enum Status: Int, Sendable {
    /// In use.
    case active = 0
    /// Given up for good: no later card of this identity is accepted.
    case withdrawn = 1
}

/// A verified card: the public keys of somebody, signed by the identity they name. It proves that its keys belong
/// together; that they belong to the right person is for the user to say, by pinning it.
public final class Card: Sendable, Identifiable {
    let bridged: ZegelBridge.Card

    /// Whose keys these are.
    public let id: Id
    /// Counts up with each card of an identity.
    public let serial: UInt64
    /// First second of validity, since 1970.
    public let notBefore: UInt64
    /// Last second of validity, since 1970.
    public let expires: UInt64
    /// What people call the holder. Anybody can choose any label: show it beside the fingerprint.
    public let label: String
    /// The public keys to seal to, 32 bytes each, the current one first.
    public let kemPublicKeys: [Data]
    /// Whether the holder still uses these keys.
    public let status: Status
    /// SHA-256 of the card's bytes.
    public let digest: Digest

    init(_ bridged: ZegelBridge.Card) {
        self.bridged = bridged
        let facts = bridged.facts()
        id = Id(bridged: facts.id)
        serial = facts.serial
        notBefore = facts.notBefore
        expires = facts.expires
        label = facts.label
        kemPublicKeys = facts.kemKeys
        status = facts.withdrawn ? .withdrawn : .active
        digest = Digest(bridged: facts.digest)
    }

    /// Reads and verifies a card; ``ZegelError/Code/malformed``, ``ZegelError/Code/weakKey``,
    /// ``ZegelError/Code/rejected``.
    public convenience init(_ bytes: Data) throws(ZegelError) {
        self.init(try call { try ZegelBridge.Card.read(bytes: bytes) })
    }

    /// Signs `claims`; ``ZegelError/Code/malformed`` for what SPEC §8.1 forbids.
    public static func issue(_ claims: CardClaims, by identity: Identity) throws(ZegelError) -> Card {
        let bridged = ZegelBridge.CardClaims(
            serial: claims.serial, notBefore: claims.notBefore, expires: claims.expires, label: claims.label,
            kemKeys: claims.kemKeys.map(\.publicKey), withdrawn: claims.status == .withdrawn)
        return Card(try call { try ZegelBridge.Card.issue(identity: identity.bridged, claims: bridged) })
    }

    /// Reads what a card claims, unchecked: for deciding whether to look further, and for nothing else.
    public static func parse(_ bytes: Data) throws(ZegelError) -> UnverifiedCard {
        UnverifiedCard(try call { try claimedCard(bytes: bytes) })
    }

    /// The names of the keys to seal to, the current one first.
    public var kemKids: [Kid] {
        kemPublicKeys.map { key in
            guard let kid = try? Kid(of: key) else { bug() }
            return kid
        }
    }

    /// The card on the wire.
    public var bytes: Data { bridged.bytes() }

    /// Fails with ``ZegelError/Code/revoked``, ``ZegelError/Code/notYetValid`` or ``ZegelError/Code/expired`` unless
    /// it is in force.
    public func check(now: UInt64? = SystemTime.now) throws(ZegelError) {
        try call { try bridged.check(now: now) }
    }
}

extension Card: CustomStringConvertible {
    /// Whose it is, and which.
    public var description: String { "Card(\(id), serial \(serial))" }
}

/// What a card claims before its signature is checked.
public struct UnverifiedCard: Sendable {
    /// The identity whose key the card holds.
    public let claimedId: Id
    /// The label the card holds.
    public let claimedLabel: String
    /// The serial the card holds.
    public let claimedSerial: UInt64

    init(_ bridged: ClaimedCard) {
        claimedId = Id(bridged: bridged.id)
        claimedLabel = bridged.label
        claimedSerial = bridged.serial
    }
}
