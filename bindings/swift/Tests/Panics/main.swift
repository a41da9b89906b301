// Makes the bridge panic, as a bug would: nothing may come after it.
import CScript
import Foundation
import Zegel

let (device, pgo) = (try Identity.generate(), try Identity.generate())
let claims = CardClaims(serial: 1, notBefore: 0, expires: 4_000_000_000, kemKeys: [try KemKey.generate()])
let sealer = try Sealer(device, for: try Card.issue(claims, by: pgo), store: .memory())
FileHandle.standardOutput.write(Data("before\n".utf8))
zegel_test_draws(.max, .max, .max, .max)
do {
    _ = try sealer.seal(.init(Data("61".utf8)), topic: "zegel/7f3a/1")
} catch {
    print("swallowed: \(error)")
}
print("after")
