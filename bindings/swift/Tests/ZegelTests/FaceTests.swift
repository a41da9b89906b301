import Foundation
import XCTest
import Zegel
import func ZegelBridge.errors

/// The face as an application uses it.
final class FaceTests: XCTestCase {
    private struct Full: Error {}

    private var device, pgo, gp: Person!

    override func setUpWithError() throws {
        (device, pgo, gp) = (try Person("watch"), try Person("PGO"), try Person("GP"))
    }

    func testTheTableOfErrorsIsTheOneOfSPEC14() {
        let listed = errors().map { "\($0.number) \($0.name.lowercased())" }
        let faced = ZegelError.Code.allCases.filter { $0.rawValue > 0 }.map { "\($0.rawValue) \("\($0)".lowercased())" }
        XCTAssertEqual(listed, faced)
        XCTAssertEqual(ZegelError(.duplicate).description, "duplicate (8)")
    }

    func testAMeasurementIsTakenOnceAndHandedOnWithBothHandsShown() throws {
        let opener = try pgo.opener(pinned(device.card))
        let sealer = try device.sealer(pgo)
        let sealed = try sealer.seal(beat("61"), topic: topic)
        guard case .envelope(let recipient, _, _) = try Sight.inspect(sealed) else { return XCTFail("no envelope") }
        XCTAssertEqual(recipient, pgo.key.kid)
        let opened = try opener.open(sealed, topic: topic)
        XCTAssertEqual(text(opened.body), "61")
        XCTAssertEqual(opened.sender, device.id)
        XCTAssertEqual(opened.provenance, .signed)
        refused(.duplicate) { try opener.open(sealed, topic: topic) }
        refused(.rejected) { try opener.open(sealer.seal(beat("62"), topic: topic), topic: "other") }

        let evidence = try XCTUnwrap(opened.proven.first).evidence
        XCTAssertEqual(try Evidence.verify(evidence).audience, [pgo.id])
        let theirs = try pinned(pgo.card)
        let (toGp, atGp) = (try pgo.sealer(gp), try gp.opener(theirs))
        refused(.unknownSender) { try atGp.open(toGp.forward(evidence, topic: topic), topic: topic) }
        _ = try atGp.open(toGp.introduce(Introduction.write([device.card]), topic: topic), topic: topic)
        XCTAssertEqual(try theirs.introduced(by: pgo.id), [device.id])
        let handed = try atGp.open(toGp.forward(evidence, topic: topic), topic: topic)
        guard case .custody(let custody) = handed.content else { return XCTFail("\(handed)") }
        XCTAssertEqual(custody.known, .vouched)
        XCTAssertEqual([custody.origin, custody.forwarder], [device.id, pgo.id])
        XCTAssertEqual(custody.evidence.digest, opened.digest)
    }

    func testWhatTheApplicationCannotStoreIsNotTakenAndItsErrorIsTheCause() throws {
        try withFolder { folder in
            for store in [Store.memory(), try Store.file("\(folder)/state")] {
                try store.pin(device.card)
                let opener = try pgo.opener(store)
                let sealed = try device.sealer(pgo).seal(beat("61"), topic: topic)
                let error = refused(.callback) { try opener.open(sealed, topic: topic) { _ in throw Full() } }
                XCTAssertTrue(error?.cause is Full)
                refused(.callback) { try opener.receive(sealed, topic: topic) { _ in throw Full() } }
                // A taker's own refusal is never taken for that of the message, which would be acknowledged then.
                refused(.callback) { try opener.receive(sealed, topic: topic) { _ in throw ZegelError(.duplicate) } }
                var stored: [Opened] = []
                XCTAssertEqual(try opener.receive(sealed, topic: topic) { stored.append($0) }.verdict, .taken)
                XCTAssertEqual(try opener.receive(sealed, topic: topic) { stored.append($0) }.verdict, .duplicate)
                XCTAssertEqual(stored.map { text($0.body) }, ["61"])
            }
        }
    }

    func testASessionIsSealedSignedABlockAtATimeAndCanBeEarly() throws {
        try withFolder { folder in
            let store = try Store.file("\(folder)/state")
            try store.pin(device.card)
            let (opener, sealer) = (try pgo.opener(store), try device.sealer(pgo))
            let session = try sealer.begin(topic: topic, limits: .init(block: 2))
            refused(.badContext) { try sealer.seal(beat("60"), topic: topic) }
            var messages = try ["61", "62"].map { try session.seal(beat($0), topic: topic) }
            XCTAssertTrue(session.manifestDue)
            XCTAssertEqual(session.unsigned, 2)
            refused(.manifestDue) { try session.seal(beat("63"), topic: topic) }
            messages += [session.keyframe, try session.manifest(topic: topic)]
            try session.end()
            refused(.badContext) { try session.seal(beat("64"), topic: topic) }
            _ = try sealer.seal(beat("65"), topic: topic)
            var taken: [Opened] = []
            let verdicts = try messages.map { try opener.receive($0, topic: topic) { taken.append($0) }.verdict }
            XCTAssertEqual(verdicts, [.early, .early, .taken, .taken])
            XCTAssertEqual(taken.count, 4)
            let bodies = try taken.last?.proven.map { text(try Evidence.verify($0.evidence).body) }
            XCTAssertEqual(bodies, ["61", "62"])
        }
    }

    func testASessionThatNobodyHoldsHasEnded() throws {
        let sealer = try device.sealer(pgo)
        _ = try sealer.begin(topic: topic)
        _ = try sealer.seal(beat("61"), topic: topic)
    }

    func testAnAlarmStaysUntilSomebodyHasSeenIt() throws {
        let store = try pinned(device.card)
        let opener = try pgo.opener(store)
        let clones = try ["1", "2"].map { try device.sealer(pgo).seal(beat($0), topic: topic) }
        let receipts = try clones.map { try opener.receive($0, topic: topic) { _ in } }
        XCTAssertEqual(receipts.map(\.verdict), [.taken, .alarm])
        XCTAssertTrue(receipts.allSatisfy(\.acknowledge))
        let event = try XCTUnwrap(store.events().first)
        guard case .conflict(device.id, _) = event.kind else { return XCTFail("\(event)") }
        XCTAssertTrue(try store.dismiss(event))
        XCTAssertFalse(try store.dismiss(event))
    }

    func testTwoEndsPairByACode() throws {
        let code = try PairingCode.draw(pgo.identity, lifetime: 600)
        let scanned = try PairingCode(code.text())
        let shower = try Pairing.show(code, identity: pgo.identity, card: pgo.card)
        refused(.badContext) { try code.text() }
        let scanner = try Pairing.scan(scanned, identity: device.identity, card: device.card)
        XCTAssertEqual(shower.listensOn, scanner.speaksOn)
        refused(.malformed) { try shower.take(Data("noise".utf8)) }
        let two = try XCTUnwrap(shower.take(XCTUnwrap(scanner.firstMessage)).answer)
        let last = try shower.take(XCTUnwrap(scanner.take(two).answer))
        XCTAssertEqual(last.partner?.id, device.id)
        let done = try scanner.take(XCTUnwrap(last.answer))
        XCTAssertEqual(done.partner?.digest, pgo.card.digest)
        XCTAssertNil(done.answer)
        refused(.codeUsed) { try scanner.take(Data("more".utf8)) }
    }

    func testWhatNoPolicyListsStaysHome() throws {
        var beat = Record.number("heart-rate", unit: "beat/min", 69)
        (beat.baseName, beat.baseTime) = ("urn:dev:1:", 1.764e9 + 7)
        let pack = try Pack([beat, .number("latitude", unit: "lat", 52.37)])
        let policy = Policy().allow("heart-rate")
        XCTAssertEqual(pack.withheld(policy), ["urn:dev:1:latitude"])
        refused(.nothingAllowed) { try pack.minimised(Policy()) }
        let sealed = try device.sealer(pgo).seal(pack, policy: policy, topic: topic)
        let opened = try pgo.opener(pinned(device.card)).open(sealed, topic: topic)
        let readings = try Pack.decode(XCTUnwrap(opened.body)).resolved(now: opened.time)
        XCTAssertEqual(readings.map(\.name), ["heart-rate"])
        XCTAssertEqual(readings.first?.value?.asNumber, 69)
        XCTAssertEqual(readings.first?.time, 1.764e9)
    }

    func testAGroupOpensTheSameAndItsMembersAreNamed() throws {
        let sealer = try GroupSealer(device.identity, for: [pgo.card, gp.card], store: .memory())
        let sealed = try sealer.seal(beat("61"), topic: topic)
        guard case .groupEnvelope(let recipients, _) = try Sight.inspect(sealed) else { return XCTFail("no group") }
        XCTAssertEqual(recipients.count, 2)
        for member in [pgo, gp] as [Person] {
            let opened = try member.opener(pinned(device.card)).open(sealed, topic: topic)
            XCTAssertEqual(opened.stream, sealer.stream)
        }
    }

    func testNothingMeasuredAndNothingSecretIsShown() throws {
        let secret = try Secret.random()
        let bytes = secret.expose { Data($0) }
        let sealed = try device.sealer(pgo).seal(beat("a pulse of 61"), topic: topic)
        let opened = try pgo.opener(pinned(device.card)).open(sealed, topic: topic)
        let identity = try Identity(seed: secret)
        var shown = ""
        for value in [secret, identity, pgo.key, opened, beat("a pulse of 61")] as [Any] {
            dump(value, to: &shown)
            print(value, String(reflecting: value), to: &shown)
        }
        XCTAssertFalse(shown.contains("pulse") || shown.contains(hex(bytes)) || shown.contains("bridged"), shown)
    }
}
