internal import ZegelBridge

/// What became of a message.
public struct Receipt: Sendable {
    /// In a word.
    public let verdict: Verdict
    /// Why, where it was not taken.
    public let error: ZegelError?
    /// How many were opened: the message, and what had waited for it.
    public let taken: UInt64
    /// How many that had waited were refused now.
    public let refused: UInt64

    /// Whether to acknowledge the message to the broker: all but our own trouble. Nothing else is ever answered.
    public var acknowledge: Bool { verdict != .later }

    static func of(_ receive: () throws(ZegelError) -> Received) throws(ZegelError) -> Receipt {
        do {
            let received = try receive()
            let verdict: Verdict = received.early ? .early : .taken
            return Receipt(verdict: verdict, error: nil, taken: received.taken, refused: received.refused)
        } catch {
            if error.number < 0 { throw error }
            return Receipt(verdict: Verdict(error.code), error: error, taken: 0, refused: 0)
        }
    }
}

/// What became of a message, in a word.
public enum Verdict: Sendable {
    /// It was opened, and its taker has stored it.
    case taken
    /// It was taken before: QoS 1 did its work.
    case duplicate
    /// It came before its keyframe or its sender's card, and is kept until then.
    case early
    /// A cloned key, or a device restored from a backup: ``Store/events()`` has it until a person has seen it.
    case alarm
    /// Noise: counted, and never answered.
    case refused
    /// Our own trouble, not the message's: leave it with the broker and try again.
    case later

    init(_ code: ZegelError.Code) {
        switch code {
        case .duplicate: self = .duplicate
        case .conflict, .equivocation: self = .alarm
        case .storage, .full, .entropy, .keyUnavailable: self = .later
        default: self = .refused
        }
    }
}
