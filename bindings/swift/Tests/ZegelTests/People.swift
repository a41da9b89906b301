import Foundation
import XCTest
import Zegel

let topic = "zegel/7f3a/1"

/// Somebody with keys and a card, for tests.
struct Person {
    let identity: Identity
    let key: KemKey
    let card: Card

    init(_ label: String) throws {
        identity = try .generate()
        key = try .generate()
        card = try .issue(claims(label, 1, key), by: identity)
    }

    var id: Id { identity.id }

    func sealer(_ to: Person, store: Store = .memory(), padding: Padding = .buckets) throws -> Sealer {
        try Sealer(identity, for: to.card, store: store, options: .init(padding: padding))
    }

    func opener(_ store: Store, _ acceptance: Acceptance = .init()) throws -> Opener {
        try Opener(id, keys: [key], store: store, acceptance: acceptance)
    }
}

func claims(_ label: String, _ serial: UInt64, _ keys: KemKey...) -> CardClaims {
    CardClaims(serial: serial, notBefore: 0, expires: 4_000_000_000, label: label, kemKeys: keys)
}

func beat(_ text: String) -> Zegel.Measurement {
    .init(Data(text.utf8), format: .octetStream)
}

func pinned(_ cards: Card...) throws -> Store {
    let store = Store.memory()
    for card in cards { try store.pin(card) }
    return store
}

func text(_ body: Data?) -> String? { body.map { String(decoding: $0, as: UTF8.self) } }

/// The refusal names its error.
@discardableResult
func refused<T>(
    _ code: ZegelError.Code, file: StaticString = #filePath, line: UInt = #line, _ work: () throws -> T
) -> ZegelError? {
    do {
        _ = try work()
        XCTFail("not refused with \(code)", file: file, line: line)
    } catch let error as ZegelError {
        XCTAssertEqual(error.code, code, file: file, line: line)
        return error
    } catch {
        XCTFail("\(error)", file: file, line: line)
    }
    return nil
}

/// A folder of its own for one test.
func withFolder<T>(_ work: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("zegel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try work(folder.path)
}

/// Rows in memory. Unchecked, as a test is one thread.
final class Rows: Database, @unchecked Sendable {
    var rows: [Data: Data] = [:]
    var broken: (any Error)?

    /// The rows but for events, which a refusal may note.
    var state: [Data: Data] { rows.filter { !Data("eE".utf8).contains($0.key[$0.key.startIndex]) } }

    func get(_ key: Data) -> Data? { rows[key] }

    func put(_ key: Data, _ value: Data) throws {
        if let broken { throw broken }
        rows[key] = value
    }

    func remove(_ key: Data) { rows[key] = nil }

    func scan(from: Data, limit: Int) -> [Row] {
        let keys = rows.keys.filter { !$0.lexicographicallyPrecedes(from) }
        let first = keys.sorted { $0.lexicographicallyPrecedes($1) }.prefix(limit)
        return first.compactMap { key in rows[key].map { Row(key: key, value: $0) } }
    }

    /// Makes the next number of a stream this one.
    func start(_ stream: Zegel.Stream, at number: UInt64, kind: String = "q") {
        rows[Data(kind.utf8) + stream.sender.bytes + stream.audience.bytes] = big(number)
    }
}

func big(_ number: UInt64) -> Data { withUnsafeBytes(of: number.bigEndian) { Data($0) } }
