import Foundation
import Zegel

/// The application's own storage, as simple as it gets: a file for each measurement, and one for each that is still to be
/// handed on. What it stores is on the disk when it returns, and storing it twice changes nothing.
struct Diary {
    private let measured: URL
    private let outbox: URL

    init(_ folder: URL) throws {
        (measured, outbox) = (folder.appendingPathComponent("measured"), folder.appendingPathComponent("outbox"))
        for folder in [measured, outbox] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    func store(_ opened: Opened, from label: String) throws {
        if let body = opened.body {
            let line = "number \(opened.sequence) from \(label): \(String(decoding: body, as: UTF8.self))"
            if try write(Data(line.utf8), measured, opened.digest) { say(line) }
        }
        if let missing = opened.missing { say("missing: \(missing.first) to \(missing.last)") }
        for proven in opened.proven { _ = try write(proven.evidence, outbox, proven.digest) }
    }

    /// How many measurements there are.
    func count() throws -> Int { try names(measured).count }

    /// What is to be handed on: its name, and its evidence.
    func waiting() throws -> [(name: String, evidence: Data)] {
        try names(outbox).map { ($0, try Data(contentsOf: outbox.appendingPathComponent($0))) }
    }

    /// It was handed on.
    func sent(_ name: String) throws {
        try FileManager.default.removeItem(at: outbox.appendingPathComponent(name))
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasSuffix(".tmp") }
    }

    /// Whole or not at all; `false` when it is there already.
    private func write(_ bytes: Data, _ folder: URL, _ digest: Zegel.Digest) throws -> Bool {
        let path = folder.appendingPathComponent(digest.description)
        if FileManager.default.fileExists(atPath: path.path) { return false }
        let draft = path.appendingPathExtension("tmp")
        try bytes.write(to: draft)
        let file = try FileHandle(forUpdating: draft)
        try file.synchronize()
        try file.close()
        try FileManager.default.moveItem(at: draft, to: path)
        return true
    }
}

/// A line on standard output, at once: somebody may be waiting for it.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
