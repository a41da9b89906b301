#if os(Linux)
import Foundation
import XCTest
import Zegel

/// Messages without end do not grow the process: each is sealed, taken by a taker and, one in eight, refused as well.
/// Forty thousand of them, or as many as the variable `ZEGEL_MESSAGES` says.
final class GrowthTests: XCTestCase {
    private struct Full: Error {}

    /// An application's database that keeps the newest numbers alone: what grows is not it. Unchecked, as a test is one
    /// thread.
    private final class Forgetful: Database, @unchecked Sendable {
        private let kept = Rows()
        private var taken: [Data] = []

        func get(_ key: Data) -> Data? { kept.get(key) }

        func put(_ key: Data, _ value: Data) throws {
            try kept.put(key, value)
            if key.first == UInt8(ascii: "t") { taken.append(key) }
            if taken.count > 64 { kept.remove(taken.removeFirst()) }
        }

        func remove(_ key: Data) { kept.remove(key) }

        func scan(from: Data, limit: Int) -> [Row] { kept.scan(from: from, limit: limit) }
    }

    /// Bytes of this process that are in memory.
    private func resident() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return try XCTUnwrap(Int(pages)) * sysconf(Int32(_SC_PAGESIZE))
    }

    func testMessagesDoNotGrowTheProcess() throws {
        let (device, pgo) = (try Person("watch"), try Person("PGO"))
        let store = Store.over(Forgetful())
        try store.pin(device.card)
        let (sealer, opener) = (try device.sealer(pgo), try pgo.opener(store))
        let body = Data(count: 100)
        func one(_ number: Int) throws {
            let sealed = try sealer.seal(.init(body, format: .octetStream), topic: topic)
            if number % 8 == 0 {
                refused(.callback) { try opener.open(sealed, topic: topic) { _ in throw Full() } }
            }
            var taken = 0
            let receipt = try opener.receive(sealed, topic: topic) { _ in taken += 1 }
            guard receipt.verdict == .taken, taken == 1 else { return XCTFail("\(receipt)") }
            if number % 8 == 1 { refused(.duplicate) { try opener.open(sealed, topic: topic) } }
        }
        let messages = ProcessInfo.processInfo.environment["ZEGEL_MESSAGES"].flatMap(Int.init) ?? 40_000
        for number in 0..<10_000 { try one(number) }
        let before = try resident()
        for number in 10_000..<messages { try one(number) }
        let grown = try resident() - before
        print("\(messages) messages: grown by \(grown >> 10) KiB, \(before >> 20) MiB before")
        XCTAssertLessThan(grown, 4 << 20)
    }
}
#endif
