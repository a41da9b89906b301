import CMosquitto
import Foundation

/// A message as the broker gave it: nothing of it is proven.
struct Arrived {
    let topic: String
    let payload: Data
}

/// What libmosquitto answered.
struct BrokerError: Error {
    let code: Int32
}

/// A broker that nobody trusts, over libmosquitto: QoS 1, and a session that waits for us while we are away.
///
/// A message is acknowledged when `take` has returned, and what a crash interrupts comes once more. An app's client leaves
/// the acknowledgement to it: it gives it after `Receipt.acknowledge`.
final class Broker {
    /// Takes each message as it comes. Without one they wait for `next`.
    var take: ((Arrived) -> Void)?
    private let client: OpaquePointer
    private var arrived: [Arrived] = []
    private var heard = 0
    private var published: Set<Int32> = []

    init(_ host: String, _ port: Int32, name: String) throws {
        mosquitto_lib_init()
        guard let client = mosquitto_new(name, false, nil) else { throw BrokerError(code: errno) }
        self.client = client
        mosquitto_user_data_set(client, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_message_callback_set(client) { _, user, message in
            guard let message = message?.pointee, let topic = message.topic else { return }
            let payload = message.payload.map { Data(bytes: $0, count: Int(message.payloadlen)) } ?? Data()
            Broker.of(user)?.hear(Arrived(topic: String(cString: topic), payload: payload))
        }
        mosquitto_publish_callback_set(client) { _, user, number in _ = Broker.of(user)?.published.insert(number) }
        // Else libmosquitto acknowledges just before it calls; so it waits for the next turn.
        try check(mosquitto_threaded_set(client, true))
        try check(mosquitto_connect(client, host, port, 30))
    }

    deinit {
        // The last acknowledgement goes out before the farewell.
        mosquitto_threaded_set(client, false)
        mosquitto_disconnect(client)
        mosquitto_destroy(client)
    }

    func subscribe(_ topic: String) throws {
        try check(mosquitto_subscribe(client, nil, topic, 1))
    }

    /// Returns when the broker has it.
    func publish(_ topic: String, _ payload: Data) throws {
        var number: Int32 = 0
        try payload.withUnsafeBytes {
            try check(mosquitto_publish(client, &number, topic, Int32($0.count), $0.baseAddress, 1, false))
        }
        while published.remove(number) == nil { try turn(1000) }
    }

    /// The next message, or `nil` after so many seconds without one.
    func next(within seconds: TimeInterval) throws -> Arrived? {
        if arrived.isEmpty { try wait(within: seconds) }
        return arrived.isEmpty ? nil : arrived.removeFirst()
    }

    /// Waits for a message, and so many seconds at most.
    func wait(within seconds: TimeInterval) throws {
        let (before, end) = (heard, Date(timeIntervalSinceNow: seconds))
        repeat {
            try turn(50)
        } while heard == before && Date() < end
    }

    private func hear(_ message: Arrived) {
        heard += 1
        if let take { take(message) } else { arrived.append(message) }
    }

    private func turn(_ milliseconds: Int32) throws {
        if mosquitto_loop(client, milliseconds, 1) != 0 { try check(mosquitto_reconnect(client)) }
    }

    private func check(_ code: Int32) throws {
        if code != 0 { throw BrokerError(code: code) }
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> Broker? {
        user.map { Unmanaged<Broker>.fromOpaque($0).takeUnretainedValue() }
    }
}
