import CScript
import Foundation
import XCTest
import Zegel
import func ZegelBridge.errors

/// One file of `tests/vectors`.
struct Vector: Decodable {
    let name: String
    let input: JSON
    let expect: JSON
}

/// The vectors of one kind.
func vectors(_ kind: String) throws -> [Vector] {
    let here = URL(fileURLWithPath: #filePath)
    let root = (0..<5).reduce(here) { path, _ in path.deletingLastPathComponent() }
    let folder = root.appendingPathComponent("tests/vectors/\(kind)")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return try files.filter { $0.pathExtension == "json" }.map {
        try JSONDecoder().decode(Vector.self, from: Data(contentsOf: $0))
    }
}

/// Runs one procedure over each vector of a kind, and compares its verdict to the letter.
func check(_ kind: String, least: Int, _ procedure: (JSON) throws -> JSON) throws {
    try runAll(kind, least: least) { vector in try verdict { try procedure(vector.input) } }
}

/// The same, for procedures that show some of what is expected.
func checkSome(_ kind: String, least: Int, _ procedure: (JSON) throws -> JSON) throws {
    try runAll(kind, least: least) { vector in
        let outcome = try verdict { try procedure(vector.input) }
        guard case .object(let shown) = outcome["ok"], case .object(var whole) = vector.expect["ok"] else {
            return outcome
        }
        whole.merge(shown) { $1 }
        return .object(["ok": .object(whole)])
    }
}

private func runAll(_ kind: String, least: Int, _ outcome: (Vector) throws -> JSON) throws {
    let vectors = try vectors(kind)
    for vector in vectors {
        let outcome = try outcome(vector)
        XCTAssertEqual(outcome, vector.expect, vector.name)
    }
    XCTAssertGreaterThanOrEqual(vectors.count, least, kind)
}

/// The names as SPEC §14 and the vectors have them.
private let names = Dictionary(uniqueKeysWithValues: errors().map { (Int($0.number), $0.name) })

func verdict(_ work: () throws -> JSON) throws -> JSON {
    do {
        return .of(["ok": try work()])
    } catch let error as ZegelError {
        guard let name = names[error.number] else { throw error }
        return .of(["error": name, "code": error.number])
    }
}

/// What is drawn next, in a build that has test keys.
enum Script {
    static func draws(_ noises: Data...) {
        _ = zegel_test_drawn()
        for noise in noises {
            let words = stride(from: 0, to: 32, by: 8).map { at in
                noise.dropFirst(at).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            zegel_test_draws(words[0], words[1], words[2], words[3])
        }
    }

    /// How much of it was left.
    static func left() -> UInt64 { zegel_test_drawn() }
}

func secret(_ bytes: Data) throws -> Secret {
    var bytes = bytes
    return try Secret(taking: &bytes)
}

/// The published seed, or KEM key, of this name.
func testKey(_ name: String) throws -> Secret {
    try secret(sha256(Data("zegel test key: \(name)".utf8)))
}
