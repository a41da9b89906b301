import Foundation
import XCTest
import Zegel

/// The vectors of names, cards, topics, guards and policies.
final class NameVectorsTests: XCTestCase {
    func testCard() throws {
        try check("card", least: 140) { input in
            let card = try Card(input["card"].bytes)
            try card.check(now: input["now"].number)
            return .of([
                "id": card.id, "serial": card.serial, "not_before": card.notBefore, "expires": card.expires,
                "label": card.label, "kem_keys": card.kemPublicKeys, "status": card.status.rawValue,
                "digest": card.digest,
            ])
        }
    }

    func testSuccession() throws {
        try check("succession", least: 14) { input in
            let rows = Rows()
            let store = Store.over(rows)
            let cards = try input["cards"].all.map { try Card($0.bytes) }
            let last = try XCTUnwrap(cards.last)
            for card in cards.dropLast() { _ = try? store.pin(card) }
            if input["revoked"].flag { try store.revoke(last.id) }
            let before = rows.state
            do {
                return .of(["succession": "\(try store.pin(last))".capitalized])
            } catch {
                XCTAssertEqual(before, rows.state, "a refusal moves nothing")
                throw error
            }
        }
    }

    func testName() throws {
        try checkSome("name", least: 7) { input in
            let key = input["public"].bytes
            if input["key"].text == "x25519" { return .of(["kid": try Kid(of: key)]) }
            let id = try Id(of: key)
            return .of(["id": id, "kid": id.kid, "fingerprint": id.fingerprint])
        }
    }

    func testTopic() throws {
        let opener = try Opener(Id(Data(count: 32)), keys: [], store: .memory())
        try check("topic", least: 19) { input in
            do {
                _ = try opener.look(Data(), topic: input["topic"].text)
            } catch let error as ZegelError where error.code == .invalidTopic {
                throw error
            } catch {
                // The topic is checked first; whatever comes after shows that it passed.
            }
            return .of([:])
        }
    }

    func testReplay() throws {
        let (device, pgo) = (try Person("device"), try Person("pgo"))
        try check("replay", least: 9) { input in
            let opener = try pgo.opener(pinned(device.card), .anything)
            return .list(try input["takes"].all.map { take in
                let sealed = try sealed(device, pgo, take.all[0].number ?? 0, nil, take.all[1].text)
                return try verdict {
                    let opened = try opener.open(sealed, topic: "t")
                    return .of(["missing": opened.missing, "late": opened.late])
                }
            })
        }
    }

    func testPolicy() throws {
        let (device, pgo) = (try Person("device"), try Person("pgo"))
        try check("policy", least: 22) { input in
            let rows = Rows()
            let store = Store.over(rows)
            try store.pin(device.card)
            rows.start(try device.sealer(pgo).stream, at: input["next"].number ?? 0, kind: "n")
            let limits = input["policy"]
            let acceptance = Acceptance(
                maxAge: limits["max_age"].number, maxSkew: limits["max_skew"].number,
                maxJump: limits["max_jump"].number)
            let sealed = try sealed(device, pgo, input["number"].number ?? 0, input["time"].number, "")
            _ = try pgo.opener(store, acceptance).open(sealed, topic: "t", now: input["now"].number)
            return .of([:])
        }
    }

    private func sealed(
        _ from: Person, _ to: Person, _ number: UInt64, _ time: UInt64?, _ content: String
    ) throws -> Data {
        let rows = Rows()
        let sealer = try from.sealer(to, store: .over(rows))
        rows.start(sealer.stream, at: number)
        return try sealer.seal(.init(Data(content.utf8), format: .octetStream, time: time), topic: "t")
    }
}
