internal import ZegelBridge

/// Something that a person has to look at (SPEC §7.6).
public struct Event: Sendable, Hashable, Identifiable {
    /// What dismisses it.
    public let number: UInt64
    /// How often it happened since somebody last dismissed it.
    public let times: UInt64
    /// What happened.
    public let kind: Kind

    /// The number, for lists.
    public var id: UInt64 { number }

    /// What happened.
    public enum Kind: Sendable, Hashable {
        /// Two statements of this sender under one number: a cloned key, or a restored backup.
        case conflict(sender: Id, sequence: UInt64)
        /// Two cards, two identities or two sessions claim one place; `id` is behind the second one.
        case equivocation(id: Id)
        /// A newer card of a pinned identity brought other KEM keys.
        case keyChanged(id: Id, serial: UInt64)
    }

    init(_ bridged: ZegelBridge.Event) {
        switch bridged {
        case .conflict(let number, let times, let sender, let sequence):
            (self.number, self.times) = (number, times)
            kind = .conflict(sender: Id(bridged: sender), sequence: sequence)
        case .equivocation(let number, let times, let id):
            (self.number, self.times) = (number, times)
            kind = .equivocation(id: Id(bridged: id))
        case .keyChanged(let number, let times, let id, let serial):
            (self.number, self.times) = (number, times)
            kind = .keyChanged(id: Id(bridged: id), serial: serial)
        }
    }
}

/// How a card follows the one before it (SPEC §8.3).
public enum Succession: Sendable {
    /// Nothing was pinned.
    case new
    /// It replaces the pinned card.
    case newer
    /// It is the pinned card.
    case same

    init(_ bridged: ZegelBridge.Succession) {
        switch bridged {
        case .new: self = .new
        case .newer: self = .newer
        case .same: self = .same
        }
    }
}
