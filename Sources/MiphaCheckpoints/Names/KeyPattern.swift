import MiphaFiles

/// A pattern over tensor names: literal text, `{}` for an index, `{*}` for any rest.
struct KeyPattern: Sendable {
    enum Token: Sendable, Equatable {
        case literal([UInt8])
        case index
        case suffix
    }

    let text: String
    let tokens: [Token]

    /// Parses a pattern.
    ///
    /// An index must be followed by a byte that is not a digit or by the end, and `{*}` must stand
    /// at the end: then a name matches in one way only.
    init(_ text: String, dialect: String) throws(CheckpointError) {
        func refuse(_ reason: String) -> CheckpointError {
            CheckpointError(
                .invalidKeyMap, "key map \(dialect): pattern \(text.quoted): \(reason)")
        }
        var tokens: [Token] = []
        var literal: [UInt8] = []
        let bytes = Array(text.utf8)
        var position = 0
        func flush() {
            if !literal.isEmpty { tokens.append(.literal(literal)) }
            literal = []
        }
        while position < bytes.count {
            let rest = bytes[position...]
            if rest.starts(with: "{}".utf8) {
                flush()
                tokens.append(.index)
                position += 2
            } else if rest.starts(with: "{*}".utf8) {
                flush()
                tokens.append(.suffix)
                position += 3
                guard position == bytes.count else { throw refuse("{*} must stand at the end") }
            } else {
                guard bytes[position] != UInt8(ascii: "{"), bytes[position] != UInt8(ascii: "}")
                else { throw refuse("braces are for {} and {*} only") }
                literal.append(bytes[position])
                position += 1
            }
        }
        flush()
        guard !tokens.isEmpty else { throw refuse("is empty") }
        for (token, next) in zip(tokens, tokens.dropFirst()) where token == .index {
            guard case .literal(let bytes) = next, bytes[0] &- 0x30 >= 10 else {
                throw refuse(
                    "{} must be followed by a character that is not a digit, or by the end")
            }
        }
        self.text = text
        self.tokens = tokens
    }

    /// The kinds of wildcards in order.
    var wildcards: [Token] {
        tokens.filter { $0 == .index || $0 == .suffix }
    }

    /// The texts under the wildcards, or nil when the name does not match.
    ///
    /// - Parameter name: the UTF-8 bytes of the name.
    func match(_ name: [UInt8]) -> [String]? {
        var position = 0
        var captures: [Range<Int>] = []
        for token in tokens {
            let start = position
            switch token {
            case .literal(let bytes):
                guard name.count - position >= bytes.count else { return nil }
                for byte in bytes {
                    guard name[position] == byte else { return nil }
                    position += 1
                }
                continue
            case .index:
                while position < name.count, name[position] &- 0x30 < 10 { position += 1 }
                // "01" is not an index: it would come back as another name.
                guard position > start, name[start] != 0x30 || position == start + 1 else {
                    return nil
                }
            case .suffix:
                guard position < name.count else { return nil }
                position = name.count
            }
            captures.append(start..<position)
        }
        guard position == name.count else { return nil }
        return captures.map { String(decoding: name[$0], as: UTF8.self) }
    }

    /// The name with the wildcards filled in.
    func fill(_ captures: [String]) -> String {
        var name = ""
        var next = captures.makeIterator()
        for token in tokens {
            switch token {
            case .literal(let bytes): name += String(decoding: bytes, as: UTF8.self)
            case .index, .suffix: name += next.next() ?? ""
            }
        }
        return name
    }
}
