import Foundation
internal import ZegelBridge

/// One call to the bridge: its failures become this face's, with what the application's own code threw on the way.
///
/// What is no failure is a panic, or a lower half of another version. Nobody may go on after it, so it is no error
/// that a `catch` could swallow; what the panic said stands on standard error.
func call<T>(_ work: () throws -> T) throws(ZegelError) -> T {
    let before = Thrown.replaced(by: nil)
    defer { _ = Thrown.replaced(by: before) }
    do {
        return try work()
    } catch let failure as Failure {
        throw ZegelError(failure, cause: Thrown.replaced(by: nil))
    } catch {
        bug()
    }
}

/// One call of the bridge to the application: what it throws is kept on this side, and a number goes across.
func callback<T>(_ work: () throws -> T) throws -> T {
    do {
        return try work()
    } catch {
        _ = Thrown.replaced(by: error)
        let code = (error as? ZegelError)?.code ?? .callback
        throw Failure.Refused(number: Int8(code.rawValue), trouble: nil)
    }
}

/// What should never be.
func bug(file: StaticString = #fileID, line: UInt = #line) -> Never {
    fatalError("a bug in Zegel: please report it with what stands above", file: file, line: line)
}

/// What an application's own code threw in the middle of a call, on this thread.
private enum Thrown {
    private static let key = "org.zegel.thrown"

    private final class Box {
        let error: any Error
        init(_ error: any Error) { self.error = error }
    }

    static func replaced(by error: (any Error)?) -> (any Error)? {
        let values = Thread.current.threadDictionary
        let before = values[key] as? Box
        if before != nil || error != nil { values[key] = error.map(Box.init) }
        return before?.error
    }
}
