import Foundation
import XCTest

/// A panic is a bug, and ends the process with a word on standard error: nothing catches it in passing.
final class PanicTests: XCTestCase {
    func testAPanicIsNotSwallowed() throws {
        #if os(Linux)
        let built = Bundle.main.bundleURL
        #else
        let built = Bundle(for: PanicTests.self).bundleURL.deletingLastPathComponent()
        #endif
        let process = Process()
        process.executableURL = built.appendingPathComponent("Panics")
        let (out, err) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (out, err)
        // A backtrace of Swift's own would take longer than the test.
        process.environment = ["SWIFT_BACKTRACE": "enable=no"]
        try process.run()
        let said = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errors = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        XCTAssertEqual(process.terminationReason, .uncaughtSignal)
        XCTAssertEqual(said, "before\n", errors)
        XCTAssertTrue(errors.contains("a test asked for a panic"), errors)
        XCTAssertTrue(errors.contains("a bug in Zegel"), errors)
    }
}
