import Foundation
import XCTest
import Zegel

/// The vectors of a sender: to the byte, as in Rust and in C.
final class SenderVectorsTests: XCTestCase {
    private func identity(_ seed: JSON) throws -> Identity { try Identity(seed: secret(seed.bytes)) }

    private func options(_ input: JSON) -> SealerOptions {
        .init(padding: input["padding"].text == "none" ? .none : .buckets)
    }

    private func measurement(_ input: JSON, _ body: Data? = nil) throws -> Zegel.Measurement {
        let number = try XCTUnwrap(input["format"].number)
        return .init(
            body ?? input["body"].bytes, format: .init(rawValue: UInt16(number)), time: input["time"].number)
    }

    func testSeal() throws {
        try checkSome("seal", least: 4) { input in
            let rows = Rows()
            let card = try Card(input["recipient_card"].bytes)
            let sealer = try Sealer(
                identity(input["seed"]), for: card, store: .over(rows), options: options(input), now: nil)
            rows.start(sealer.stream, at: input["sequence"].number ?? 0)
            Script.draws(input["signature_noise"].bytes, input["ephemeral_noise"].bytes)
            let topic = input["topic"].text
            let envelope = try sealer.seal(measurement(input), topic: topic)
            XCTAssertEqual(Script.left(), 0)
            let key = try KemKey(secret: testKey("pgo kem"))
            let looked = try Opener(card.id, keys: [key], store: .memory()).look(envelope, topic: topic)
            guard case .envelope(_, let ek, _) = try Sight.inspect(envelope) else { return .null }
            return .of([
                "envelope": envelope, "ek": ek, "statement": looked.statement, "signature": looked.signature,
            ])
        }
    }

    func testGroupSeal() throws {
        try checkSome("group-seal", least: 10) { input in
            let rows = Rows()
            let cards = try input["recipient_cards"].all.map { try Card($0.bytes) }
            let sealer = try GroupSealer(
                identity(input["seed"]), for: cards, store: .over(rows), options: options(input), now: nil)
            rows.start(sealer.stream, at: input["sequence"].number ?? 0)
            Script.draws(input["signature_noise"].bytes, input["content_noise"].bytes)
            return .of(["envelope": try sealer.seal(measurement(input), topic: input["topic"].text)])
        }
    }

    func testSessionSeal() throws {
        try check("session-seal", least: 17) { input in
            let rows = Rows()
            let sealer = try Sealer(
                identity(input["seed"]), for: Card(input["recipient_card"].bytes), store: .over(rows),
                options: options(input), now: nil)
            rows.start(sealer.stream, at: input["sequence"].number ?? 0)
            Script.draws(input["signature_noise"].bytes, input["ephemeral_noise"].bytes)
            let limits = SessionLimits(
                block: input["block"].number ?? 0, messages: input["messages"].number ?? 0,
                seconds: input["seconds"].number ?? 0)
            let session = try sealer.begin(topic: input["topic"].text, limits: limits, now: input["time"].number)
            let first = try verdict { .of(["session": session.id, "bytes": session.keyframe]) }
            return .list([first] + (try input["steps"].all.map { step in
                try verdict { .of(["bytes": try bytes(session, step)]) }
            }))
        }
    }

    private func bytes(_ session: Session, _ step: JSON) throws -> Data {
        let topic = step["topic"].text
        if step.has("manifest") {
            Script.draws(step["manifest"].bytes)
            return try session.manifest(topic: topic)
        }
        return try session.seal(measurement(step), topic: topic, now: step["time"].number)
    }

    func testPadding() throws {
        let (device, pgo) = (try Person("device"), try Person("anybody"))
        try check("padding", least: 23) { input in
            let measurement = try measurement(input, Data(repeating: 7, count: Int(input["body_length"].number ?? 0)))
            let rows = Rows()
            let sealers = try [Padding.none, .buckets].map { padding in
                try device.sealer(pgo, store: .over(rows), padding: padding)
            }
            rows.start(sealers[0].stream, at: input["sequence"].number ?? 0)
            let unpadded = try sealers[0].sealedLength(measurement)
            // Both have asked for their numbers: the second one starts where the first did.
            rows.start(sealers[0].stream, at: input["sequence"].number ?? 0)
            let envelope = try sealers[1].seal(measurement, topic: "t")
            let looked = try pgo.opener(.memory()).look(envelope, topic: "t")
            return .of(["unpadded": unpadded, "pad": looked.padLength, "length": envelope.count])
        }
    }
}
