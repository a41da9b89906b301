#if os(Linux)
import Foundation
import XCTest
import Zegel

/// Letting go wipes: after it, no byte of this process's memory holds the secret.
final class SecretMemoryTests: XCTestCase {
    /// A secret that is known here only behind a mask, so that the search does not find itself.
    private struct Masked {
        let bytes: [UInt8]

        init(_ secret: UnsafeRawBufferPointer) { bytes = secret.map { $0 ^ 0x5a } }

        func stands(at place: Int, in buffer: UnsafeBufferPointer<UInt8>) -> Bool {
            for i in bytes.indices where buffer[place + i] ^ 0x5a != bytes[i] { return false }
            return true
        }
    }

    /// How often the secret stands in what this process may write to, but for the buffer it is searched with.
    private func count(_ secret: Masked) throws -> Int {
        let size = 1 << 20
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: size)
        defer { buffer.deallocate() }
        let own = UInt(bitPattern: buffer.baseAddress)
        let file = open("/proc/self/mem", O_RDONLY)
        defer { close(file) }
        var found = 0
        for region in try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n") {
            let words = region.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard words[1].hasPrefix("rw"), ends.count == 2 else { continue }
            var at = ends[0]
            while at < ends[1] {
                if at >= own, at < own + UInt(size) { at = own + UInt(size) }
                let end = at < own ? min(ends[1], own) : ends[1]
                guard at < end else { break }
                let read = pread(file, buffer.baseAddress, min(size, Int(end - at)), off_t(at))
                guard read > 0 else { break }
                for place in 0..<max(0, read - secret.bytes.count + 1)
                where secret.stands(at: place, in: UnsafeBufferPointer(buffer)) {
                    found += 1
                }
                // The next piece overlaps, so that nothing hides on an edge.
                at += UInt(read < size ? read : read - secret.bytes.count + 1)
            }
            buffer.update(repeating: 0)
        }
        return found
    }

    func testLettingGoWipesASecretAnIdentityAndAKemKey() throws {
        var secret: Secret? = try .random()
        let masked = try XCTUnwrap(secret).expose { Masked($0) }
        XCTAssertGreaterThanOrEqual(try count(masked), 1, "the search finds what is there")
        var identity: Identity? = try Identity(seed: XCTUnwrap(secret))
        var key: KemKey? = try KemKey(secret: XCTUnwrap(secret))
        try use(XCTUnwrap(identity), XCTUnwrap(key))
        secret = nil
        XCTAssertGreaterThanOrEqual(try count(masked), 1, "identity and key have copies of their own")
        (identity, key) = (nil, nil)
        XCTAssertEqual(try count(masked), 0)
    }

    /// Seals and opens, so that whatever these leave behind is searched too.
    private func use(_ identity: Identity, _ key: KemKey) throws {
        let card = try Card.issue(claims("me", 1, key), by: identity)
        let other = try Person("other")
        _ = try Sealer(identity, for: other.card, store: .memory()).seal(beat("61"), topic: topic)
        let sealed = try Sealer(other.identity, for: card, store: .memory()).seal(beat("62"), topic: topic)
        _ = try Opener(identity.id, keys: [key], store: pinned(other.card)).open(sealed, topic: topic)
    }

    func testTakingWipesWhatItTook() throws {
        var bytes = Data()
        let masked = try Secret.random().expose { lent in
            bytes = Data(lent)
            return Masked(lent)
        }
        XCTAssertGreaterThanOrEqual(try count(masked), 1)
        let secret = try Secret(taking: &bytes)
        XCTAssertEqual(bytes, Data(count: 32))
        XCTAssertTrue(secret.expose { Masked($0).bytes == masked.bytes })
        XCTAssertLessThanOrEqual(try count(masked), 1, "the one in the secret itself")
    }

    func testACodeThatHasServedIsGone() throws {
        let pgo = try Person("PGO")
        var code: PairingCode? = try .draw(pgo.identity, lifetime: 600)
        let masked = try XCTUnwrap(code).expose { Masked(UnsafeRawBufferPointer(rebasing: $0[33..<65])) }
        XCTAssertGreaterThanOrEqual(try count(masked), 1)
        code = nil
        XCTAssertEqual(try count(masked), 0)
    }
}
#endif
