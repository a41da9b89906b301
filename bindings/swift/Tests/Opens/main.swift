// How many envelopes a second this face opens: `Opens NUMBER`. Sealing them is not counted.
import Foundation
import Zegel

let number = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 10_000
let (device, pgo, key) = (try Identity.generate(), try Identity.generate(), try KemKey.generate())
func card(_ identity: Identity, _ keys: [KemKey]) throws -> Card {
    try .issue(CardClaims(serial: 1, notBefore: 0, expires: 4_000_000_000, kemKeys: keys), by: identity)
}
let store = Store.memory()
try store.pin(card(device, []))
let sealer = try Sealer(device, for: card(pgo, [key]), store: .memory(), options: .init(padding: .none))
let opener = try Opener(pgo.id, keys: [key], store: store)
let body = Data(count: 100)
let sealed = try (0..<number).map { _ in try sealer.seal(.init(body, format: .octetStream), topic: "zegel/7f3a/1") }

let start = DispatchTime.now().uptimeNanoseconds
for message in sealed { _ = try opener.open(message, topic: "zegel/7f3a/1", proven: false) }
let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
print(Int(Double(number) / seconds))
