import Foundation
import Zegel

/// What a person has to be told.
struct Trouble: Error {
    let what: String
}

/// A PGO in a folder. A phone keeps its keys in the Keychain; a command line has none, so they are in the store's file.
struct Pgo {
    private let folder: URL
    private let store: FileStore

    init(_ folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder
        store = try .file(folder.appendingPathComponent("state").path)
    }

    /// Draws the keys, and writes a card that names them.
    func begin(_ label: String) throws {
        try store.setIdentity(.random())
        try store.addKemKey(.random())
        let claims = CardClaims(
            serial: 1, notBefore: SystemTime.now - 60, expires: SystemTime.now + 90 * 86_400, label: label,
            kemKeys: try store.kemKeys().map(\.key))
        try Card.issue(claims, by: me()).bytes.write(to: cardFile)
    }

    /// Shows a code, or answers a scanned one, and pins who is at the other end.
    func pair(_ broker: Broker, scanned: String?) throws {
        let (me, card) = (try me(), try Card(Data(contentsOf: cardFile)))
        let end: Pairing
        if let scanned {
            end = try .scan(PairingCode(scanned), identity: me, card: card)
            try broker.subscribe(end.listensOn)
        } else {
            let code = try PairingCode.draw(me, lifetime: 600)
            let text = try code.text()
            end = try .show(code, identity: me, card: card)
            try broker.subscribe(end.listensOn)
            say(text)
        }
        if let first = end.firstMessage { try broker.publish(end.speaksOn, first) }
        while try !step(broker, end) {}
    }

    /// One message; whether the pairing is done.
    private func step(_ broker: Broker, _ end: Pairing) throws -> Bool {
        guard let arrived = try broker.next(within: 60) else { throw Trouble(what: "nobody has answered") }
        let step: Pairing.Step
        do {
            step = try end.take(arrived.payload)
        } catch {
            // Anybody can write on the topic: what is refused changes nothing.
            say("refused: \(error)")
            return false
        }
        if let partner = step.partner {
            // An app shows label and fingerprint, and asks, before it does this.
            try store.pin(partner)
            say("paired with \(partner.label): \(partner.id.fingerprint)")
        }
        if let answer = step.answer { try broker.publish(end.speaksOn, answer) }
        return step.partner != nil
    }

    /// Receives so many measurements, and hands them on.
    func run(_ broker: Broker, topic: String, count: Int, gpLabel: String, gpTopic: String) throws {
        let cards = try store.peers().filter { !$0.ended }.map(\.card)
        guard let gp = cards.first(where: { $0.label == gpLabel }) else { throw Trouble(what: "no \(gpLabel)") }
        let devices = cards.filter { $0.id != gp.id }
        let (me, diary) = (try me(), try Diary(folder))
        let opener = try Opener(me.id, keys: store.kemKeys().map(\.key), store: store)
        let sealer = try Sealer(me, for: gp, store: store)

        let introduction = try Introduction.write(devices)
        broker.take = { arrived in
            do {
                let receipt = try opener.receive(arrived.payload, topic: arrived.topic) { opened in
                    let label = devices.first { $0.id == opened.sender }?.label ?? "?"
                    try diary.store(opened, from: label)
                }
                if let error = receipt.error { say("\(receipt.verdict): \(error)") }
                // Trouble of our own: not acknowledged, and the broker gives it again at the next start.
                if !receipt.acknowledge { end("pgo: not taken", 1) }
            } catch {
                end("pgo: \(error)", 1)
            }
        }
        try broker.publish(gpTopic, sealer.introduce(introduction, topic: gpTopic))
        try broker.subscribe(topic)
        say("listening")
        while try diary.count() < count || !diary.waiting().isEmpty {
            try broker.wait(within: diary.waiting().isEmpty ? 60 : 0)
            for (name, evidence) in try diary.waiting() {
                try broker.publish(gpTopic, sealer.forward(evidence, topic: gpTopic))
                try diary.sent(name)
            }
        }
    }

    private var cardFile: URL { folder.appendingPathComponent("pgo.card") }

    private func me() throws -> Identity {
        guard let identity = try store.identity() else { throw Trouble(what: "no identity: run init first") }
        return identity
    }
}
