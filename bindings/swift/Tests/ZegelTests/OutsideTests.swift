import Foundation
import XCTest
import Zegel

/// What an application brings: keys that the platform holds, and a database of its own.
final class OutsideTests: XCTestCase {
    private struct Gone: Error {}

    /// A platform's key that can be taken away. Unchecked, as a test is one thread.
    private final class Fickle: Zegel.Signer, @unchecked Sendable {
        private let key = Keystore()
        var gone = false
        var meanwhile: (() throws -> Void)?
        var publicKey: Data { key.publicKey }

        func sign(_ message: Data, noise: Data) throws -> Data {
            if gone { throw Gone() }
            try meanwhile?()
            XCTAssertEqual(noise.count, 32)
            return try key.sign(message, noise: noise)
        }
    }

    private var device, pgo: Person!

    override func setUpWithError() throws {
        (device, pgo) = (try Person("watch"), try Person("PGO"))
    }

    func testKeysOfThePlatformSealAndOpen() throws {
        let signer = Fickle()
        let identity = try Identity(signer: signer, hedge: .random())
        let key = try KemKey(agreement: Agreement())
        let card = try Card.issue(claims("held", 1, key), by: identity)
        let store = try pinned(card, device.card)
        let toMe = try Sealer(device.identity, for: card, store: .memory()).seal(beat("61"), topic: topic)
        let opener = try Opener(identity.id, keys: [key], store: store)
        XCTAssertEqual(text(try opener.open(toMe, topic: topic).body), "61")
        let sealer = try Sealer(identity, for: pgo.card, store: .memory(), options: .init(selfCheck: true))
        let sealed = try sealer.seal(beat("62"), topic: topic)
        XCTAssertEqual(try pgo.opener(store).open(sealed, topic: topic).sender, identity.id)
        signer.gone = true
        let error = refused(.keyUnavailable) { try sealer.seal(beat("63"), topic: topic) }
        XCTAssertTrue(error?.cause is Gone)
        XCTAssertEqual(error?.description, "keyUnavailable (20)", "what the application says is in no words of ours")
    }

    func testTheStateSurvivesInTheApplicationsOwnDatabase() throws {
        let rows = Rows()
        let sealed = try device.sealer(pgo).seal(beat("61"), topic: topic)
        let store = Store.over(rows)
        try store.pin(device.card)
        _ = try pgo.opener(store).open(sealed, topic: topic)
        let again = Store.over(rows)
        XCTAssertEqual(try again.peers().map(\.card.id), [device.id])
        refused(.duplicate) { try pgo.opener(again).open(sealed, topic: topic) }
        let first = try device.sealer(pgo, store: .over(rows)).nextSequence()
        let next = try device.sealer(pgo, store: .over(rows)).nextSequence()
        XCTAssertGreaterThan(next, first, "numbers go on after a restart")
    }

    func testADatabaseThatFailsIsAReasonAndNothingWasTaken() throws {
        let rows = Rows()
        let store = Store.over(rows)
        try store.pin(device.card)
        let opener = try pgo.opener(store)
        let sealed = try device.sealer(pgo).seal(beat("61"), topic: topic)
        rows.broken = Gone()
        let before = rows.rows
        let error = refused(.storage) { try opener.open(sealed, topic: topic) }
        XCTAssertTrue(error?.cause is Gone)
        XCTAssertEqual(before, rows.rows)
        let receipt = try opener.receive(sealed, topic: topic) { _ in }
        XCTAssertEqual(receipt.verdict, .later)
        XCTAssertFalse(receipt.acknowledge)
        rows.broken = nil
        XCTAssertEqual(try opener.receive(sealed, topic: topic) { _ in }.verdict, .taken)
        // What a database threw belongs to its own call: the next failure has no cause.
        XCTAssertNil(refused(.duplicate) { try opener.open(sealed, topic: topic) }?.cause)
    }

    func testATakerThatComesBackIsToldSoAndDoesNotHang() throws {
        try withFolder { folder in
            for store in [Store.memory(), try Store.file("\(folder)/state")] {
                try store.pin(device.card)
                let sealed = try device.sealer(pgo).seal(beat("61"), topic: topic)
                let error = refused(.callback) {
                    try pgo.opener(store).open(sealed, topic: topic) { _ in try store.revoke(device.id) }
                }
                let cause = try XCTUnwrap(error?.cause as? ZegelError)
                XCTAssertTrue(cause.code == .busy || cause.trouble == .busy, "\(cause)")
            }
        }
    }

    func testASignerThatComesBackToItsSessionDoesNotHang() throws {
        let signer = Fickle()
        let identity = try Identity(signer: signer, hedge: .random())
        let session = try Sealer(identity, for: pgo.card, store: .memory()).begin(topic: topic)
        _ = try session.seal(beat("61"), topic: topic)
        var told: ZegelError?
        signer.meanwhile = { told = refused(.busy) { try session.seal(beat("62"), topic: topic) } }
        _ = try session.manifest(topic: topic)
        XCTAssertNotNil(told)
        XCTAssertEqual(session.unsigned, 0)
    }

    func testAStoreInAFileHoldsOnesKeysAndSaysWhatTheMatterIs() throws {
        try withFolder { folder in
            let path = "\(folder)/state"
            var store: FileStore? = try .file(path)
            try store?.setIdentity(.random())
            try store?.addKemKey(.random())
            XCTAssertEqual(refused(.storage) { try Store.file(path) }?.trouble, .locked)
            refused(.conflict) { try store?.setIdentity(.random()) }
            let key = try XCTUnwrap(store?.kemKeys().first)
            XCTAssertEqual(try store?.retireKemKey(key.key.kid, at: 10), true)
            XCTAssertEqual(try store?.eraseRetired(before: 11), 1)
            let id = try XCTUnwrap(store?.identity()).id
            store = nil
            XCTAssertEqual(try Store.file(path).identity()?.id, id, "what nobody holds is closed")
            try Data(count: 5000).write(to: URL(fileURLWithPath: path))
            let damaged = refused(.storage) { try Store.file(path) }?.trouble
            XCTAssertTrue(damaged == .notAStore || damaged == .corrupt, "\(String(describing: damaged))")
        }
    }

    func testAMistakeInTheCallIsANumberBelowZero() throws {
        refused(.badArgument) { try Id(Data(count: 31)) }
        refused(.badArgument) { try Id(hex: "zz") }
        refused(.badArgument) { try secret(Data(count: 31)) }
        refused(.weakKey) { try Identity(seed: secret(Data(count: 32))) }
        let sealer = try device.sealer(pgo)
        refused(.reserved) { try sealer.seal(.init(Data([1]), format: .init(rawValue: 65_000)), topic: topic) }
        refused(.invalidTopic) { try sealer.seal(beat("1"), topic: "a/#") }
        refused(.malformed) { try PairingCode("ZEGEL:") }
        refused(.malformed) { try Sight.inspect(Data()) }
    }

    func testAnyThreadMayCall() throws {
        let (sealer, opener) = (try device.sealer(pgo), try pgo.opener(pinned(device.card)))
        let taken = Bodies()
        DispatchQueue.concurrentPerform(iterations: 64) { number in
            let opened = try? opener.open(sealer.seal(beat("\(number)"), topic: topic), topic: topic)
            taken.insert(text(opened?.body))
        }
        XCTAssertEqual(taken.count, 64)
    }
}

/// Unchecked, as a lock guards it.
private final class Bodies: @unchecked Sendable {
    private let lock = NSLock()
    private var bodies: Set<String> = []

    func insert(_ body: String?) {
        lock.withLock { if let body { bodies.insert(body) } }
    }

    var count: Int { lock.withLock { bodies.count } }
}
