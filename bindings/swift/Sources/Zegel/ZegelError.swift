internal import ZegelBridge

/// Why a call was refused: the one error that this module throws.
///
/// It holds a number and nothing that was measured, so that it may be logged. Its ``cause`` is what the application's
/// own keystore, database or taker threw, where one was asked, and is for the application to judge.
///
/// ```swift
/// do { try opener.open(message, topic: topic) }
/// catch where error.code == .duplicate { /* QoS 1 did its work */ }
/// ```
public struct ZegelError: Error, Sendable {
    /// Why.
    public let code: Code

    /// What is the matter with the store's file, where there is one.
    public let trouble: Trouble?

    /// What the application's own code threw.
    public let cause: (any Error)?

    /// For an application's own code that has a reason of SPEC §14 to give: ``Code/full`` a ``Database``,
    /// ``Code/entropy`` a ``Signer``, ``Code/rejected`` a ``KeyAgreement``. Any other is what it would be without.
    public init(_ code: Code) {
        self.init(code, trouble: nil, cause: nil)
    }

    init(_ code: Code, trouble: Trouble?, cause: (any Error)?) {
        self.code = code
        self.trouble = trouble
        self.cause = cause
    }

    init(_ failure: Failure, cause: (any Error)?) {
        guard case .Refused(let number, let trouble) = failure, let code = Code(rawValue: Int(number)) else { bug() }
        self.init(code, trouble: trouble.map(Trouble.init), cause: cause)
    }

    /// The number of SPEC §14, or one below zero: the same in Rust, C, Swift and Kotlin.
    public var number: Int { code.rawValue }

    /// The numbers of SPEC §14, which says what to do about each. Those below zero are mistakes in the call.
    public enum Code: Int, Sendable, CaseIterable {
        /// The bytes are not the one deterministic encoding of an object that this version knows.
        case malformed = 1
        /// The envelope names a KEM key that this opener does not hold.
        case notForMe = 2
        /// Key agreement, decryption, padding, inner shape, signature, topic or audience: one word for all.
        case rejected = 3
        /// No pinned card has the sender's key identifier.
        case unknownSender = 4
        /// The sender, or the card, was withdrawn or revoked.
        case revoked = 5
        /// The card's last day of validity is past, or the pairing code's last second.
        case expired = 6
        /// The card is not valid yet.
        case notYetValid = 7
        /// This very statement was taken before: nothing to do, and nothing to worry about.
        case duplicate = 8
        /// The number lies before the replay window.
        case tooOld = 9
        /// Another statement was taken under this number: a cloned key or a restored backup. An alarm.
        case conflict = 10
        /// The card is older than the one that is pinned.
        case rollback = 11
        /// Two cards, or two identities, claim one place. An alarm.
        case equivocation = 12
        /// The key is of low order, not canonical, all one byte, or published.
        case weakKey = 13
        /// The topic is empty, too long, or holds a control character or a wildcard.
        case invalidTopic = 14
        /// A length, number or time exceeds the limits of SPEC §3.3.
        case tooLarge = 15
        /// The caller's buffer cannot hold the result.
        case bufferTooSmall = 16
        /// The random generator failed or returned zeros.
        case entropy = 17
        /// Durable state could not be read or written; ``ZegelError/trouble`` or ``ZegelError/cause`` says why.
        case storage = 18
        /// The stream has no number left.
        case exhausted = 19
        /// The key's holder did not answer, or its answer failed a check.
        case keyUnavailable = 20
        /// A store has no room.
        case full = 21
        /// The content format is reserved for Zegel itself.
        case reserved = 22
        /// The policy lets nothing of this pack leave.
        case nothingAllowed = 23
        /// No keyframe with this session identifier was taken: the message may have overtaken it.
        case unknownSession = 24
        /// The session has reached a limit: begin a new one.
        case sessionOver = 25
        /// The block is full: seal its manifest first.
        case manifestDue = 26
        /// Measured longer ago than the policy takes.
        case stale = 27
        /// Measured later than the receiver's clock allows.
        case ahead = 28
        /// The number lies further ahead than the policy takes.
        case jump = 29
        /// The pairing code has served.
        case codeUsed = 30
        /// A length or an option that cannot be.
        case badArgument = -1
        /// An object that has served, or is not in the state for this call.
        case badContext = -2
        /// An object that this thread is in the middle of a call to.
        case busy = -3
        /// The application's own code failed.
        case callback = -4
    }
}

/// What is the matter with a store in a file, where ``ZegelError/Code/storage`` comes from one.
public enum Trouble: Sendable {
    /// There is no file at this path.
    case notFound
    /// Something is at this path already.
    case alreadyExists
    /// What is at this path is something else.
    case notAStore
    /// A newer version wrote it.
    case newer
    /// It is open elsewhere.
    case locked
    /// This thread is in the middle of a call to this store.
    case busy
    /// It is damaged, and was left as it is.
    case corrupt
    /// The operating system refused.
    case io
    /// Something before it failed in the same transaction.
    case aborted
    /// The key is gone, but its bytes still stand in the file.
    case remains

    init(_ bridged: ZegelBridge.Trouble) {
        switch bridged {
        case .notFound: self = .notFound
        case .alreadyExists: self = .alreadyExists
        case .notAStore: self = .notAStore
        case .newer: self = .newer
        case .locked: self = .locked
        case .busy: self = .busy
        case .corrupt: self = .corrupt
        case .io: self = .io
        case .aborted: self = .aborted
        case .remains: self = .remains
        }
    }
}

extension ZegelError: CustomStringConvertible {
    /// The name and the number, and nothing that the application's own code said.
    public var description: String {
        let name = "\(code) (\(number))"
        guard let trouble else { return name }
        return "\(name), \(trouble)"
    }
}
