import Foundation
import XCTest
import Zegel

/// The vectors of a pairing: codes, whole transcripts, and one end under attack.
final class PairingVectorsTests: XCTestCase {
    private func identity(_ seed: JSON) throws -> Identity { try Identity(seed: secret(seed.bytes)) }

    /// The code of a secret, shown by somebody (SPEC §12.1).
    private func code(_ shower: Data, _ input: JSON) throws -> PairingCode {
        let said = Data([1]) + shower + input["secret"].bytes + big(input["expires"].number ?? 0).dropFirst(3)
        var whole = said + sha256(Data("zegel-code-1".utf8), said).prefix(4)
        return try PairingCode(taking: &whole)
    }

    func testCode() throws {
        let scanner = try Identity(seed: testKey("mallory"))
        let card = try Card.issue(CardClaims(serial: 1, notBefore: 0, expires: Limits.maxNumber), by: scanner)
        try check("code", least: 33) { input in
            let code = try PairingCode(input["text"].text)
            let secret = try code.expose { Data($0[33..<65]) }
            let outcome = JSON.of(["shower": code.shower, "secret": secret, "expires": code.expires ?? 0])
            // The time is looked at when a pairing begins.
            _ = try Pairing.scan(code, identity: scanner, card: card, now: input["now"].number)
            return outcome
        }
    }

    func testTranscript() throws {
        try checkSome("transcript", least: 6) { input in
            let (shower, scanner) = (try identity(input["shower_seed"]), try identity(input["scanner_seed"]))
            let code = try code(shower.id.bytes, input)
            let text = try code.text()
            let shows = try Pairing.show(
                code, identity: shower, card: Card(input["shower_card"].bytes), now: nil)
            let scans = try Pairing.scan(
                PairingCode(text), identity: scanner, card: Card(input["scanner_card"].bytes), now: nil)
            let one = try XCTUnwrap(scans.firstMessage)
            let two = try XCTUnwrap(shows.take(one, now: nil).answer)
            Script.draws(input["noise_3"].bytes)
            let three = try XCTUnwrap(scans.take(two, now: nil).answer)
            Script.draws(input["noise_4"].bytes)
            let four = try XCTUnwrap(shows.take(three, now: nil).answer)
            XCTAssertEqual(try scans.take(four, now: nil).partner?.id, shower.id)
            return .of([
                "code": text, "topics": [scans.speaksOn, scans.listensOn], "messages": [one, two, three, four],
            ])
        }
    }

    func testPairing() throws {
        try check("pairing", least: 109) { input in
            let identity = try identity(input["seed"])
            let card = try Card(input["card"].bytes)
            let code = try code(input["shower"].bytes, input)
            let end = input["role"].text == "shower"
                ? try Pairing.show(code, identity: identity, card: card, now: nil)
                : try Pairing.scan(code, identity: identity, card: card, now: nil)
            return .list(try input["steps"].all.map { step in
                Script.draws(input["noise"].bytes)
                let outcome = try verdict {
                    let taken = try end.take(step.bytes, now: input["now"].number)
                    return .of(["answer": taken.answer, "paired": taken.partner?.id])
                }
                let left = Script.left()
                XCTAssertTrue(outcome.has("ok") || left == 1, "nothing was drawn for a refusal")
                return outcome
            })
        }
    }
}
