/// A reader of the XML that office files are made of, one event at a time.
///
/// UTF-8 only. Knows elements, attributes, text, CDATA, comments and processing instructions, the
/// five named entities and character references. Document type declarations are refused, so
/// nothing is ever fetched or expanded. Prefixes of names are ignored.
struct XMLScanner {
    enum Event {
        case start, end, text, finish
    }

    private struct Attribute {
        let name: Range<Int>
        let value: Range<Int>
    }

    private static let maximumDepth = 256

    let file: String
    private let bytes: [UInt8]
    private var position = 0
    private var local: Range<Int> = 0..<0
    private var attributes: [Attribute] = []
    private var content: Range<Int> = 0..<0
    private var isLiteral = false
    private var closesNow = false
    private var open: [Range<Int>] = []
    private var hasRoot = false

    init(_ bytes: [UInt8], file: String) throws(FileError) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw failure("the text is UTF-16, expected UTF-8")
        }
    }

    func failure(_ message: String, at offset: Int? = nil) -> FileError {
        let line = bytes.prefix(offset ?? position).count { $0 == 0x0A } + 1
        return FileError(.malformedFile, "\(file):\(line): \(message)")
    }

    // MARK: Events

    /// How many elements are open.
    var depth: Int { open.count }

    /// Moves to the next event.
    mutating func next() throws(FileError) -> Event {
        if closesNow {
            closesNow = false
            open.removeLast()
            return .end
        }
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let start = position
                position = find(UInt8(ascii: "<")) ?? bytes.count
                content = start..<position
                isLiteral = false
                if open.isEmpty {
                    guard bytes[content].allSatisfy({ Self.isSpace($0) }) else {
                        throw failure("text outside the root element", at: start)
                    }
                    continue
                }
                return .text
            }
            if take("<!--") {
                try skip(to: "-->", "comment")
            } else if take("<![CDATA[") {
                guard !open.isEmpty else { throw failure("text outside the root element") }
                let start = position
                try skip(to: "]]>", "CDATA section")
                content = start..<position - 3
                isLiteral = true
                return .text
            } else if take("<?") {
                try instruction()
            } else if take("<!") {
                throw failure("document type declarations are refused")
            } else if take("</") {
                try endTag()
                return .end
            } else {
                try startTag()
                return .start
            }
        }
        guard open.isEmpty, hasRoot else {
            throw failure(hasRoot ? "an element is not closed" : "expected an element, found none")
        }
        return .finish
    }

    /// Whether the current element has this name.
    func isNamed(_ name: String) -> Bool {
        bytes[local].elementsEqual(name.utf8)
    }

    /// The name of the current element.
    var name: String { String(decoding: bytes[local], as: UTF8.self) }

    /// The value of an attribute of the element that has just started.
    func attribute(_ name: String) throws(FileError) -> String? {
        for attribute in attributes where bytes[attribute.name].elementsEqual(name.utf8) {
            return try decoded(attribute.value)
        }
        return nil
    }

    /// The current text, entities resolved.
    func text() throws(FileError) -> String {
        if !isLiteral { return try decoded(content) }
        guard let text = String(validating: bytes[content], as: UTF8.self) else {
            throw failure("text is not UTF-8", at: content.lowerBound)
        }
        return text
    }

    /// Moves behind the end of the element that has just started.
    mutating func skipElement() throws(FileError) {
        let outer = depth - 1
        while depth > outer { _ = try next() }
    }

    /// The text inside the element that has just started, elements inside it left out.
    mutating func elementText() throws(FileError) -> String {
        var text = ""
        while true {
            switch try next() {
            case .start: try skipElement()
            case .text: text += try self.text()
            case .end, .finish: return text
            }
        }
    }

    // MARK: Tags

    private mutating func startTag() throws(FileError) {
        guard open.count < Self.maximumDepth, !open.isEmpty || !hasRoot else {
            throw failure(
                open.isEmpty
                    ? "a second root element" : "nested deeper than \(Self.maximumDepth) elements")
        }
        hasRoot = true
        position += 1
        let full = try takeName("an element name")
        local = withoutPrefix(full)
        attributes.removeAll(keepingCapacity: true)
        while true {
            skipSpace()
            if take("/>") {
                closesNow = true
                break
            }
            if take(">") { break }
            let name = try takeName("an attribute, '/>' or '>'")
            skipSpace()
            guard take("=") else { throw failure("expected '=' after an attribute's name") }
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x22 || bytes[position] == 0x27 else {
                throw failure("expected an attribute's value in quotation marks")
            }
            let quote = bytes[position]
            position += 1
            let start = position
            guard let end = find(quote) else {
                throw failure("an attribute's value is not closed", at: start)
            }
            attributes.append(Attribute(name: withoutPrefix(name), value: start..<end))
            position = end + 1
        }
        open.append(full)
    }

    private mutating func endTag() throws(FileError) {
        let start = position
        let full = try takeName("an element name")
        skipSpace()
        guard take(">") else { throw failure("expected '>' after an element's name") }
        guard let opened = open.popLast(), bytes[opened].elementsEqual(bytes[full]) else {
            let name = String(decoding: bytes[full], as: UTF8.self)
            throw failure("</\(name)> closes an element that is not open", at: start)
        }
        local = withoutPrefix(full)
    }

    private mutating func takeName(_ what: String) throws(FileError) -> Range<Int> {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte <= 0x20 || byte == 0x2F || byte == 0x3C || byte == 0x3D || byte == 0x3E
                || byte == 0x22 || byte == 0x27 || byte == 0x26
            {
                break
            }
            position += 1
        }
        guard position > start else { throw failure("expected \(what)") }
        return start..<position
    }

    private func withoutPrefix(_ name: Range<Int>) -> Range<Int> {
        guard let colon = bytes[name].lastIndex(of: UInt8(ascii: ":")) else { return name }
        return colon + 1..<name.upperBound
    }

    private mutating func instruction() throws(FileError) {
        let start = position
        try skip(to: "?>", "processing instruction")
        let text = String(decoding: bytes[start..<position - 2], as: UTF8.self).lowercased()
        guard text.hasPrefix("xml "), let mark = text.range(ofASCII: "encoding") else { return }
        let value = text[mark...].drop { $0 != "\"" && $0 != "'" }.dropFirst()
        let encoding = value.prefix { $0 != "\"" && $0 != "'" }
        guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(encoding) else {
            throw failure("the text is in \(String(encoding).quoted), expected UTF-8", at: start)
        }
    }

    // MARK: Characters

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private func find(_ byte: UInt8) -> Int? {
        let index = ByteScan.first(of: byte, byte, byte, in: bytes, from: position)
        return index < bytes.count ? index : nil
    }

    private mutating func skip(to word: String, _ what: String) throws(FileError) {
        let start = position
        let first = word.utf8.first ?? 0
        while let index = find(first) {
            position = index
            if take(word) { return }
            position += 1
        }
        throw failure("a \(what) is not closed", at: start)
    }

    /// The text of a range with entities resolved and line ends as line feeds.
    private func decoded(_ range: Range<Int>) throws(FileError) -> String {
        var index = special(in: range)
        var result: [UInt8] = []
        var start = range.lowerBound
        while index < range.upperBound {
            result.append(contentsOf: bytes[start..<index])
            if bytes[index] == 0x0D {
                result.append(0x0A)
                index += 1
                if index < range.upperBound, bytes[index] == 0x0A { index += 1 }
            } else {
                let end = bytes[index..<min(index + 12, range.upperBound)].firstIndex(of: 0x3B)
                guard let end, let scalar = Self.entity(bytes[index + 1..<end]) else {
                    throw failure("an entity that is not known", at: index)
                }
                result.append(contentsOf: Array(String(scalar).utf8))
                index = end + 1
            }
            start = index
            index = special(in: start..<range.upperBound)
        }
        let rest = bytes[start..<range.upperBound]
        let text =
            result.isEmpty
            ? String(validating: rest, as: UTF8.self)
            : String(validating: result + rest, as: UTF8.self)
        guard let text else { throw failure("text is not UTF-8", at: range.lowerBound) }
        return text
    }

    /// The position of the next entity or carriage return, or the range's end.
    private func special(in range: Range<Int>) -> Int {
        ByteScan.first(
            of: 0x26, 0x0D, 0x26, in: bytes, from: range.lowerBound, to: range.upperBound)
    }

    private static func entity(_ name: ArraySlice<UInt8>) -> UnicodeScalar? {
        switch String(decoding: name, as: UTF8.self) {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        case let text where text.hasPrefix("#x"):
            return character(text.dropFirst(2), radix: 16)
        case let text where text.hasPrefix("#"):
            return character(text.dropFirst(), radix: 10)
        default: return nil
        }
    }

    private static func character(_ digits: Substring, radix: Int) -> UnicodeScalar? {
        guard digits.utf8.first != UInt8(ascii: "+"), let value = UInt32(digits, radix: radix),
            value >= 0x20 || value == 9 || value == 10 || value == 13
        else { return nil }
        return UnicodeScalar(value)
    }
}

extension String {
    /// Where an ASCII word starts.
    fileprivate func range(ofASCII word: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(word) }
    }
}
