import Foundation
import XCTest
import Zegel

/// The vectors of a receiver: the same verdict and the same number as in Rust and in C, and no state has moved.
final class ReceiverVectorsTests: XCTestCase {
    /// A receiver, over rows in memory or in a file of its own.
    private final class Receiver {
        let input: JSON
        let path: String?
        let rows = Rows()
        var store: Store
        var keys: [KemKey] = []
        var now: UInt64?

        init(_ input: JSON, path: String?) throws {
            self.input = input
            self.path = path
            store = try path.map { try .file($0) } ?? .over(rows)
            now = input["now"].number
            try restart(input["kem_secrets"])
            for card in input["cards"].all { try store.pin(Card(card.bytes)) }
            for id in input["revoked"].all { try store.revoke(Id(id.bytes)) }
        }

        func restart(_ secrets: JSON) throws {
            keys = try secrets.all.map { try KemKey(secret: secret($0.bytes)) }
            // The old one goes before the new one comes: a file is open once.
            store = .memory()
            store = try path.map { try .file($0) } ?? .over(rows)
        }

        func open(_ topic: String, _ message: Data) throws -> Opened {
            let policy = input["policy"]
            let acceptance = Acceptance(
                maxAge: policy["max_age"].number, maxSkew: policy["max_skew"].number,
                maxJump: policy["max_jump"].number)
            let opener = try Opener(Id(input["me"].bytes), keys: keys, store: store, acceptance: acceptance)
            let before = rows.state
            do {
                return try opener.open(message, topic: topic, now: now)
            } catch {
                XCTAssertEqual(before, rows.state, "no state has moved")
                throw error
            }
        }
    }

    private func with(_ input: JSON, inFile: Bool, _ work: (Receiver) throws -> JSON) throws -> JSON {
        guard inFile else { return try work(Receiver(input, path: nil)) }
        return try withFolder { try work(Receiver(input, path: $0 + "/state")) }
    }

    private func one(_ input: JSON, _ inFile: Bool) throws -> JSON {
        try with(input, inFile: inFile) { receiver in
            let topic = input["topic"].text
            for before in input["opened_before"].all { _ = try receiver.open(topic, before.bytes) }
            var envelope = input["envelope"].bytes
            if let length = input["extend_with_zeros_to"].number {
                envelope += Data(count: Int(length) - envelope.count)
            }
            let opened = try receiver.open(topic, envelope)
            return .of([
                "sender": opened.sender, "sequence": opened.sequence, "time": opened.time, "format": opened.format,
                "body": opened.body, "digest": opened.digest,
            ])
        }
    }

    private func steps(_ input: JSON, _ inFile: Bool) throws -> JSON {
        try with(input, inFile: inFile) { receiver in
            .list(try input["steps"].all.map { try step(receiver, $0) })
        }
    }

    private func step(_ receiver: Receiver, _ step: JSON) throws -> JSON {
        if step.has("bytes") {
            return try verdict { seen(try receiver.open(step["topic"].text, step["bytes"].bytes)) }
        } else if step.has("now") {
            receiver.now = step["now"].number
        } else if step.has("restart") {
            try receiver.restart(step["restart"])
        } else if step.has("revoke") {
            try receiver.store.revoke(Id(step["revoke"].bytes))
        } else if step.has("pin") {
            try receiver.store.pin(Card(step["pin"].bytes))
        } else {
            XCTFail("a step of no known form: \(step)")
        }
        return .null
    }

    private func seen(_ opened: Opened) -> JSON {
        let all = JSON.of([
            "sender": opened.sender, "sequence": opened.sequence, "time": opened.time, "digest": opened.digest,
            "missing": opened.missing, "late": opened.late,
        ])
        guard case .object(let fields) = all, case .object(let more) = byKind(opened) else { return .null }
        return .object(fields.merging(more) { $1 })
    }

    private func byKind(_ opened: Opened) -> JSON {
        switch opened.content {
        case .measured(let format, let body):
            .of([
                "kind": "measurement", "format": format, "body": body, "provenance": "\(opened.provenance)",
                "signed": opened.block,
            ])
        case .keyframe(let session, let limits, _):
            .of([
                "kind": "keyframe", "session": session, "block": limits.block, "messages": limits.messages,
                "seconds": limits.seconds,
            ])
        case .manifest(let numbers, let root):
            .of([
                "kind": "manifest", "first": numbers.first, "count": numbers.last - numbers.first + 1, "root": root,
                "signed": opened.block,
            ])
        case .custody(let custody):
            .of(["kind": "evidence", "origin": facts(custody.evidence), "known": "\(custody.known)"])
        case .introduced(let cards):
            .of(["kind": "introduction", "ids": cards.compactMap { try? Card($0).id }])
        }
    }

    private func facts(_ evidence: Evidence) -> JSON {
        .of([
            "origin": evidence.origin, "audience": evidence.audience, "topic": evidence.topic,
            "sequence": evidence.sequence, "time": evidence.time, "format": evidence.format, "body": evidence.body,
            "digest": evidence.digest, "signed_with": evidence.signedWith,
        ])
    }

    func testOpen() throws {
        for inFile in [false, true] { try check("open", least: 241) { try one($0, inFile) } }
    }

    func testGroup() throws {
        for inFile in [false, true] { try check("group", least: 117) { try one($0, inFile) } }
    }

    func testSession() throws {
        for inFile in [false, true] { try check("session", least: 193) { try steps($0, inFile) } }
    }

    func testCustody() throws {
        for inFile in [false, true] { try check("custody", least: 41) { try steps($0, inFile) } }
    }

    func testEvidence() throws {
        try check("evidence", least: 102) { input in
            let evidence = try Evidence.verify(input["evidence"].bytes)
            // Inside an envelope the opener checks this: the `custody` vectors show it.
            if input["forwarder"] != .null, !evidence.audience.contains(try Id(input["forwarder"].bytes)) {
                throw ZegelError(.rejected)
            }
            return facts(evidence)
        }
    }

    func testIntroduction() throws {
        try check("introduction", least: 21) { .of(["ids": try Introduction.verify($0["introduction"].bytes)]) }
    }
}
