import Foundation
import Zegel

/// A JSON value, compared to the letter.
enum JSON: Equatable, Decodable {
    case null, flag(Bool), number(UInt64), text(String)
    indirect case list([JSON]), object([String: JSON])

    init(from decoder: Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(UInt64.self) {
            self = .number(number)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    subscript(name: String) -> JSON {
        guard case .object(let fields) = self else { return .null }
        return fields[name] ?? .null
    }

    func has(_ name: String) -> Bool {
        guard case .object(let fields) = self else { return false }
        return fields[name] != nil
    }

    /// `nil` for null, and for what is absent.
    var number: UInt64? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    var text: String {
        guard case .text(let text) = self else { fatalError("no text: \(self)") }
        return text
    }

    var flag: Bool { self == .flag(true) }

    var bytes: Data { unhex(text) }

    var all: [JSON] {
        guard case .list(let list) = self else { return [] }
        return list
    }

    /// The fields, absent values as null.
    static func of(_ fields: KeyValuePairs<String, (any InJSON)?>) -> JSON {
        .object(Dictionary(fields.map { ($0, $1?.json ?? .null) }) { $1 })
    }
}

/// What a vector shows.
protocol InJSON { var json: JSON { get } }

extension JSON: InJSON { var json: JSON { self } }
extension Data: InJSON { var json: JSON { .text(hex(self)) } }
extension String: InJSON { var json: JSON { .text(self) } }
extension UInt64: InJSON { var json: JSON { .number(self) } }
extension Int: InJSON { var json: JSON { .number(UInt64(self)) } }
extension Bool: InJSON { var json: JSON { .flag(self) } }
extension Id: InJSON { var json: JSON { .text(description) } }
extension Kid: InJSON { var json: JSON { .text(description) } }
extension SessionId: InJSON { var json: JSON { .text(description) } }
extension Zegel.Digest: InJSON { var json: JSON { .text(description) } }
extension Format: InJSON { var json: JSON { .number(UInt64(rawValue)) } }
extension Gap: InJSON { var json: JSON { .list([first.json, last.json]) } }
extension Array: InJSON where Element: InJSON { var json: JSON { .list(map(\.json)) } }

func hex(_ bytes: Data) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func unhex(_ text: String) -> Data {
    var bytes = Data(capacity: text.utf8.count / 2)
    var high: UInt8?
    for digit in text.utf8 {
        let value = digit < 0x3a ? digit - 0x30 : digit - 0x57
        if let first = high { bytes.append(first << 4 | value) }
        high = high == nil ? value : nil
    }
    return bytes
}
