/// The canonical form of a template in transformers' language, which is not run here.
///
/// Two templates of the same canonical form render the same with the settings of transformers
/// (`trim_blocks`, `lstrip_blocks`): whitespace control is applied to the text between tags, comments
/// and the whitespace inside tags are dropped, and strings are written in one way. Reference:
/// pallets/jinja, `lexer.py`.
package enum JinjaText {
    /// The canonical form.
    ///
    /// - Returns: `nil` for text that is not a template, or has a `raw` block.
    package static func canonical(_ text: String) -> [UInt8]? {
        var source = lines(Array(text.utf8))
        if source.last == newline { source.removeLast() }
        var reader = Reader(source: source)
        return reader.canonical()
    }

    fileprivate static let newline = UInt8(ascii: "\n")

    fileprivate static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    /// The bytes with `\n` for each end of line.
    private static func lines(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if byte == newline, index > 0, bytes[index - 1] == UInt8(ascii: "\r") { continue }
            result.append(byte == UInt8(ascii: "\r") ? newline : byte)
        }
        return result
    }
}

/// Walks through a template once.
private struct Reader {
    enum Tag: UInt8 {
        case variable = 0x7B
        case block = 0x25
        case comment = 0x23

        var end: UInt8 { self == .variable ? 0x7D : rawValue }
    }

    let source: [UInt8]
    var place = 0
    var output: [UInt8] = []
    /// Whether what was read last ended a line.
    var startsLine = true

    mutating func canonical() -> [UInt8]? {
        while place < source.count {
            let start = place
            let opening = nextOpening()
            place = opening?.place ?? source.count
            var data = source[start..<place]
            guard let opening else {
                output += data
                return output
            }
            place += 2
            let sign = place < source.count ? source[place] : 0
            if sign == minus || sign == plus { place += 1 }
            if sign == minus {
                while let last = data.last, JinjaText.isBlank(last) { data.removeLast() }
            } else if sign != plus, opening.tag != .variable {
                data = cut(data)
            }
            output += data
            guard read(opening.tag) else { return nil }
        }
        return output
    }

    private func nextOpening() -> (place: Int, tag: Tag)? {
        var index = place
        while index + 1 < source.count {
            if source[index] == Tag.variable.rawValue, let tag = Tag(rawValue: source[index + 1]) {
                return (index, tag)
            }
            index += 1
        }
        return nil
    }

    /// Text before a block without the blanks that stand alone on its line (`lstrip_blocks`).
    private func cut(_ data: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let line = (data.lastIndex(of: JinjaText.newline) ?? data.startIndex - 1) + 1
        guard line > data.startIndex || startsLine,
            data[line...].allSatisfy(JinjaText.isBlank)
        else { return data }
        return data[..<line]
    }

    /// Reads a tag and what its end takes away behind it.
    private mutating func read(_ tag: Tag) -> Bool {
        var body: [UInt8] = []
        var depth = 0
        while place < source.count {
            let byte = source[place]
            if depth == 0 || tag == .comment, let sign = end(of: tag) {
                write(body, tag)
                place += sign == 0 ? 2 : 3
                skip(after: tag, sign: sign)
                return tag != .block || body != Array("raw".utf8)
            }
            place += 1
            guard tag != .comment else { continue }
            if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                guard let string = string(quote: byte) else { return false }
                body += string
            } else if JinjaText.isBlank(byte) {
                while place < source.count, JinjaText.isBlank(source[place]) { place += 1 }
                if let last = body.last, place < source.count, isWord(last), isWord(source[place]) {
                    body.append(0x20)
                }
            } else {
                if byte == UInt8(ascii: "{") { depth += 1 }
                if byte == UInt8(ascii: "}") { depth -= 1 }
                body.append(byte)
            }
        }
        return false
    }

    /// The sign of the end that stands here, 0 for one without; `nil`: no end.
    private func end(of tag: Tag) -> UInt8? {
        func isEnd(_ index: Int) -> Bool {
            index + 1 < source.count && source[index] == tag.end
                && source[index + 1] == UInt8(ascii: "}")
        }
        if isEnd(place) { return 0 }
        let sign = source[place]
        let isSign = sign == minus || (sign == plus && tag != .variable)
        return isSign && isEnd(place + 1) ? sign : nil
    }

    private mutating func skip(after tag: Tag, sign: UInt8) {
        startsLine = false
        if sign == minus {
            while place < source.count, JinjaText.isBlank(source[place]) {
                startsLine = source[place] == JinjaText.newline
                place += 1
            }
        } else if sign == 0, tag != .variable, place < source.count,
            source[place] == JinjaText.newline
        {
            startsLine = true
            place += 1
        }
    }

    private mutating func write(_ body: [UInt8], _ tag: Tag) {
        guard tag != .comment else { return }
        output += [UInt8(ascii: "{"), tag.rawValue] + body + [tag.end, UInt8(ascii: "}")]
    }

    /// The string whose first quote was read, in single quotes with escapes.
    private mutating func string(quote: UInt8) -> [UInt8]? {
        var text = [UInt8(ascii: "'")]
        while place < source.count {
            let byte = source[place]
            place += 1
            switch byte {
            case quote:
                return text + [UInt8(ascii: "'")]
            case UInt8(ascii: "\\"):
                guard place < source.count else { return nil }
                let escaped = source[place]
                place += 1
                // A quote or a line needs no escape of its own.
                if escaped == UInt8(ascii: "\"") {
                    text.append(escaped)
                } else {
                    text += [byte, escaped]
                }
            case UInt8(ascii: "'"): text += Array("\\'".utf8)
            case JinjaText.newline: text += Array("\\n".utf8)
            case 0x09: text += Array("\\t".utf8)
            default: text.append(byte)
            }
        }
        return nil
    }

    private func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private var minus: UInt8 { UInt8(ascii: "-") }
    private var plus: UInt8 { UInt8(ascii: "+") }
}
