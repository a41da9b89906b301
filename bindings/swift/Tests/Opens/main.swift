// Opens a second through this face, on one thread, with its state in memory: `cargo xtask swift bench`, beside the
// crate's own.
import Foundation
import Zegel

let topic = "zegel/7f3a/1"
let count = 10_000
let (device, pgo, key) = (try Identity.generate(), try Identity.generate(), try KemKey.generate())
let body = Data(repeating: 7, count: 100)

func card(_ identity: Identity, _ keys: [KemKey]) throws -> Card {
    try .issue(CardClaims(serial: 1, notBefore: 0, expires: 4_000_000_000, kemKeys: keys), by: identity)
}

func rate(_ what: String, _ messages: [Data]) throws {
    let store = Store.memory()
    try store.pin(card(device, []))
    let opener = try Opener(pgo.id, keys: [key], store: store, acceptance: .anything)
    let start = DispatchTime.now().uptimeNanoseconds
    for message in messages { _ = try opener.open(message, topic: topic, now: nil, proven: false) }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    let words = what.padding(toLength: 28, withPad: " ", startingAt: 0)
    print("\(words) \(Int(Double(messages.count) / seconds)) opens a second")
}

for _ in 0..<3 {
    let sealer = try Sealer(device, for: card(pgo, [key]), store: .memory())
    let envelopes = try (0..<count).map { _ in
        try sealer.seal(.init(body, format: .octetStream, time: nil), topic: topic)
    }
    try rate("Swift, envelopes", envelopes)
    let session = try sealer.begin(topic: topic, limits: .init(block: 64), now: nil)
    let messages = try (0..<count).map { _ in
        session.manifestDue
            ? try session.manifest(topic: topic)
            : try session.seal(.init(body, format: .octetStream, time: nil), topic: topic, now: nil)
    }
    try rate("Swift, session messages", [session.keyframe] + messages)
}
