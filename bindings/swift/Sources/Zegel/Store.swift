import Foundation
internal import ZegelBridge

/// What outlives the process: who is trusted, which numbers were taken and given out, what somebody has to look at.
/// Openers and sealers share it, from any thread. A phone's is a ``FileStore``, or over the application's own
/// ``Database``.
public class Store: @unchecked Sendable {
    // Unchecked as a class with a subclass has to be; both hold this alone, which is Sendable.
    final let bridged: ZegelBridge.Store

    init(_ bridged: ZegelBridge.Store) { self.bridged = bridged }

    /// Opens the store in a file of its own, or makes one there. ``ZegelError/Code/storage``, and
    /// ``ZegelError/trouble`` says what the matter is; the file is untouched then.
    public static func file(_ path: String) throws(ZegelError) -> FileStore {
        FileStore(try call { try ZegelBridge.Store.file(path: path) })
    }

    /// Keeps its state in the application's own database.
    public static func over(_ database: some Database) -> Store {
        Store(ZegelBridge.Store.over(database: Kept(database)))
    }

    /// Forgets with the process: for tests, and for identities that live no longer than it.
    public static func memory() -> Store {
        Store(ZegelBridge.Store.memory())
    }

    /// Pins a card that somebody vouched for: scanned, compared, handed over. This is where trust begins, and never
    /// with a card that the broker delivered. ``ZegelError/Code/revoked``, ``ZegelError/Code/rollback``,
    /// ``ZegelError/Code/equivocation``.
    @discardableResult
    public final func pin(_ card: Card) throws(ZegelError) -> Succession {
        Succession(try call { try bridged.pin(card: card.bridged) })
    }

    /// Takes a newer card of somebody pinned, as the broker delivered it; ``ZegelError/Code/unknownSender`` of
    /// anybody else.
    @discardableResult
    public final func renew(_ card: Card) throws(ZegelError) -> Succession {
        Succession(try call { try bridged.renew(card: card.bridged) })
    }

    /// Ends the trust in somebody for good, also when they were never pinned.
    public final func revoke(_ id: Id) throws(ZegelError) {
        try call { try bridged.revoke(id: id.bytes) }
    }

    /// The pinned card of somebody, also when they have ended.
    public final func card(of id: Id) throws(ZegelError) -> Card? {
        try call { try bridged.card(id: id.bytes) }.map(Card.init)
    }

    /// Everyone who is pinned.
    public final func peers() throws(ZegelError) -> [Peer] {
        try call { try bridged.peers() }.map(Peer.init)
    }

    /// The ids of those for whom `forwarder` vouches, without who has ended. Nobody has pinned them.
    public final func introduced(by forwarder: Id) throws(ZegelError) -> [Id] {
        try call { try bridged.introduced(forwarder: forwarder.bytes) }.map { Id(bridged: $0.id) }
    }

    /// What a person has to look at, in its order, until it is dismissed.
    public final func events() throws(ZegelError) -> [Event] {
        try call { try bridged.events() }.map(Event.init)
    }

    /// Removes an event that somebody has seen; `false` when a later one of its kind has come since.
    @discardableResult
    public final func dismiss(_ event: Event) throws(ZegelError) -> Bool {
        try call { try bridged.dismiss(number: event.number) }
    }

    /// The numbers of a stream that never arrived.
    public final func gaps(in stream: Stream) throws(ZegelError) -> [Gap] {
        try call { try bridged.gaps(sender: stream.sender.bytes, audience: stream.audience.bytes) }.map(Gap.init)
    }

    /// How many messages wait, sealed, for a keyframe or a card.
    public final func shelved() throws(ZegelError) -> UInt64 {
        try call { try bridged.shelved() }
    }

    /// Drops what has waited since before `before`, and says how many messages are lost by that.
    @discardableResult
    public final func expireShelf(before: UInt64) throws(ZegelError) -> UInt64 {
        try call { try bridged.expireShelf(before: before) }
    }
}

/// Somebody whose card is pinned.
public struct Peer: Sendable, Identifiable {
    /// The newest card that was accepted.
    public let card: Card
    /// Whether nothing of theirs is accepted any more.
    public let ended: Bool

    /// Who, for lists.
    public var id: Id { card.id }

    init(_ bridged: ZegelBridge.Peer) {
        card = Card(bridged.card)
        ended = bridged.ended
    }
}
