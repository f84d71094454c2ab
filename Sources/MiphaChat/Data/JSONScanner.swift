/// A forward-only reader of JSON bytes that keeps nothing it was not asked for.
///
/// Conversation files reach hundreds of megabytes; a tree of boxed values would need many times
/// that, so the reader walks the bytes once and only the wanted strings are made.
struct JSONScanner {
    private static let depthLimit = 256

    let bytes: [UInt8]
    let name: String
    private(set) var position: Int

    /// - Parameters:
    ///   - bytes: JSON text; a UTF-8 byte order mark in front is skipped.
    ///   - name: the file's name for messages.
    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// The next byte that is not a blank, without moving past it.
    mutating func peek() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return bytes[position]
            }
        }
        return nil
    }

    mutating func consume(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(ChatError) {
        guard consume(byte) else {
            throw failure("expected '\(Character(Unicode.Scalar(byte)))', found \(found())")
        }
    }

    /// What stands at the position, in words.
    mutating func found() -> String {
        guard let byte = peek() else { return "the end of the file" }
        switch byte {
        case UInt8(ascii: "{"): return "an object"
        case UInt8(ascii: "["): return "an array"
        case UInt8(ascii: "\""): return "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return "a boolean"
        case UInt8(ascii: "n"): return "null"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return "a number"
        case 0x21...0x7E: return "'\(Character(Unicode.Scalar(byte)))'"
        default: return "byte \(byte)"
        }
    }

    func failure(_ what: String) -> ChatError {
        let end = min(position, bytes.count)
        var line = 1
        for index in 0..<end where bytes[index] == 0x0A { line += 1 }
        return ChatError(.malformedJSON, "\(name): line \(line), byte \(end): \(what)")
    }

    /// Calls `body` once for each key of an object; `body` must read or skip the value.
    mutating func object(
        _ body: (inout JSONScanner, String) throws(ChatError) -> Void
    ) throws(ChatError) {
        try expect(UInt8(ascii: "{"))
        if consume(UInt8(ascii: "}")) { return }
        while true {
            guard peek() == UInt8(ascii: "\"") else {
                throw failure("expected a key in quotes, found \(found())")
            }
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try body(&self, key)
            if consume(UInt8(ascii: "}")) { return }
            guard consume(UInt8(ascii: ",")) else {
                throw failure("expected ',' or '}' in an object, found \(found())")
            }
        }
    }

    /// Calls `body` once for each element of an array with its index; `body` must read or skip it.
    mutating func array(
        _ body: (inout JSONScanner, Int) throws(ChatError) -> Void
    ) throws(ChatError) {
        try expect(UInt8(ascii: "["))
        if consume(UInt8(ascii: "]")) { return }
        var index = 0
        while true {
            try body(&self, index)
            index += 1
            if consume(UInt8(ascii: "]")) { return }
            guard consume(UInt8(ascii: ",")) else {
                throw failure("expected ',' or ']' in an array, found \(found())")
            }
        }
    }

    /// Reads a number and returns it as it is written.
    mutating func number() throws(ChatError) -> String {
        _ = peek()
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return UTF8Text.string(bytes[start..<position])
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func digits() throws(ChatError) {
        let start = position
        while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
        guard position > start else { throw failure("expected a digit, found \(found())") }
    }

    mutating func literal(_ word: StaticString) throws(ChatError) {
        _ = peek()
        let wanted = Array(word.description.utf8)
        guard bytes.count - position >= wanted.count,
            bytes[position..<position + wanted.count].elementsEqual(wanted)
        else { throw failure("expected \(word), found \(found())") }
        position += wanted.count
    }

    /// Moves past one value of any kind, checking that it is well formed.
    mutating func skipValue() throws(ChatError) {
        try skipValue(depth: 0)
    }

    private mutating func skipValue(depth: Int) throws(ChatError) {
        guard depth < Self.depthLimit else {
            throw failure("nested deeper than \(Self.depthLimit) levels")
        }
        switch peek() ?? 0 {
        case UInt8(ascii: "{"):
            try object { (scanner, _) throws(ChatError) in
                try scanner.skipValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try array { (scanner, _) throws(ChatError) in
                try scanner.skipValue(depth: depth + 1)
            }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try number()
        default: throw failure("expected a value, found \(found())")
        }
    }

    mutating func move(to newPosition: Int) {
        position = newPosition
    }
}
