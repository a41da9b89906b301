// A PGO for the command line: it pairs, receives measurements, and hands them on to a GP.
import Foundation
import Zegel

let usage = """
    usage: pgo FOLDER init LABEL
           pgo FOLDER show HOST PORT                                  show a code, and pair with who scans it
           pgo FOLDER scan HOST PORT CODE                             pair with who shows this code
           pgo FOLDER run HOST PORT TOPIC COUNT GP-LABEL GP-TOPIC     receive COUNT measurements, and hand them on
    """

func end(_ words: String, _ code: Int32) -> Never {
    FileHandle.standardError.write(Data("\(words)\n".utf8))
    exit(code)
}

func act(_ words: [String]) throws {
    guard words.count > 2 else { end(usage, 2) }
    let pgo = try Pgo(URL(fileURLWithPath: words[0]))
    let port = words.count > 3 ? Int32(words[3]) : nil
    switch (words[1], words.count, port) {
    case ("init", 3, _): try pgo.begin(words[2])
    case ("show", 4, let port?): try pgo.pair(Broker(words[2], port, name: "pgo-pairing"), scanned: nil)
    case ("scan", 5, let port?): try pgo.pair(Broker(words[2], port, name: "pgo-pairing"), scanned: words[4])
    case ("run", 8, let port?):
        guard let count = Int(words[5]) else { end(usage, 2) }
        try pgo.run(
            Broker(words[2], port, name: "pgo"), topic: words[4], count: count, gpLabel: words[6], gpTopic: words[7])
    default: end(usage, 2)
    }
}

do {
    try act(Array(CommandLine.arguments.dropFirst()))
} catch {
    end("pgo: \(error)", 1)
}
