import Foundation
internal import ZegelBridge

/// A table of the application's own database, such as
/// `CREATE TABLE zegel (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID`, in the order of its keys' bytes. Nothing in
/// it is a secret; whoever can write it can pin a card.
///
/// With an ``Opener``, wrap its call and the storing of the measurement in one transaction, and commit it also when
/// the message was refused: an alarm is a row. Roll it back after ``Verdict/later`` and ``ZegelError/Code/storage``.
/// With a ``Sealer``, what ``put(_:_:)`` returned for has to be durable, whatever is rolled back (SPEC §6.2, §7.3). One
/// ``Store`` for one table: two would not wait for each other. Whatever this throws becomes
/// ``ZegelError/Code/storage``, but for ``ZegelError/Code/full``.
public protocol Database: Sendable {
    /// The value under `key`.
    func get(_ key: Data) throws -> Data?

    /// Puts `value` under `key`, in place of what was there.
    func put(_ key: Data, _ value: Data) throws

    /// Removes `key`, if it is there.
    func remove(_ key: Data) throws

    /// Up to `limit` rows in ascending order of their keys, unsigned bytes, the first at or after `from`.
    func scan(from: Data, limit: Int) throws -> [Row]
}

/// A row of a ``Database``.
public struct Row: Sendable {
    /// At most 300 bytes.
    public var key: Data
    /// The value.
    public var value: Data

    /// A row.
    public init(key: Data, value: Data) {
        self.key = key
        self.value = value
    }
}

/// The bridge's side of an application's database.
final class Kept: ZegelBridge.Database {
    private let database: any Database

    init(_ database: any Database) { self.database = database }

    func get(key: Data) throws -> Data? {
        try callback { try database.get(key) }
    }

    func put(key: Data, value: Data) throws {
        try callback { try database.put(key, value) }
    }

    func remove(key: Data) throws {
        try callback { try database.remove(key) }
    }

    func scan(from: Data, limit: UInt32) throws -> [ZegelBridge.Row] {
        try callback {
            try database.scan(from: from, limit: Int(clamping: limit)).map { .init(key: $0.key, value: $0.value) }
        }
    }
}
