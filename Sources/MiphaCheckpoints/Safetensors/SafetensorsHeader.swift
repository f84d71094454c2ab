import MiphaFiles

/// The header of a safetensors file, checked against the size of the file.
///
/// Format: eight bytes with the header's length (unsigned, little-endian), a JSON object, then
/// the data section. Every member of the object is a tensor with `dtype`, `shape` and
/// `data_offsets` relative to the data section, or `__metadata__` with strings. The ranges must
/// tile the data section without gap, overlap or rest.
package struct SafetensorsHeader: Sendable {
    /// The longest header that is read, as in the reference implementation.
    package static let maximumLength = 100_000_000

    /// The tensors in the order of their data.
    package let entries: [TensorEntry]
    package let metadata: [String: String]

    /// Parses the start of a file.
    ///
    /// - Parameters:
    ///   - contents: the whole file or at least its header.
    ///   - fileSize: the size of the whole file in bytes.
    package init(
        file: String, contents: RawSpan, fileSize: Int
    ) throws(CheckpointError) {
        let length = try Self.length(file: file, contents: contents, fileSize: fileSize)
        let bytes = unsafe contents.extracting(8..<8 + length).withUnsafeBytes { unsafe Array($0) }
        var parser = HeaderParser(file: file, bytes: bytes, fileSize: fileSize)
        do {
            try parser.parse()
        } catch {
            throw CheckpointError(.malformedFile, error.message)
        }
        entries = try parser.checkedEntries()
        metadata = parser.metadata
    }

    /// Parses a whole file in memory.
    package init(file: String, bytes: [UInt8]) throws(CheckpointError) {
        try unsafe self.init(file: file, contents: bytes.span.bytes, fileSize: bytes.count)
    }

    private static func length(
        file: String, contents: RawSpan, fileSize: Int
    ) throws(CheckpointError) -> Int {
        guard fileSize >= 8, contents.byteCount >= 8 else {
            throw CheckpointError(
                .malformedFile,
                "\(file): not a safetensors file: expected at least 8 bytes, found \(fileSize)")
        }
        var length: UInt64 = 0
        for position in 0..<8 {
            let byte = unsafe contents.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            length |= UInt64(byte) << UInt64(position * 8)
        }
        guard length <= UInt64(maximumLength) else {
            let start = unsafe contents.withUnsafeBytes { unsafe Array($0.prefix(64)) }
            if start.starts(with: FileSignature.largeFilePointer),
                let message = FileSignature.message(start, file, expected: "a safetensors file")
            {
                throw CheckpointError(.malformedFile, message)
            }
            throw CheckpointError(
                .malformedFile,
                "\(file): header of \(length) bytes is longer than \(maximumLength) (byte 0)")
        }
        guard Int(length) <= min(fileSize, contents.byteCount) - 8 else {
            throw CheckpointError(
                .malformedFile,
                "\(file): header of \(length) bytes reaches beyond the file of "
                    + "\(fileSize) bytes (byte 0)")
        }
        return Int(length)
    }
}

private struct HeaderParser {
    private struct Member {
        let name: String
        let scalarType: ScalarType
        let shape: [Int]
        let begin: Int
        let end: Int
        let position: Int
    }

    private struct Fields {
        var scalarType: ScalarType?
        var shape: [Int]?
        var offsets: [Int]?
    }

    let file: String
    let fileSize: Int
    var scanner: JSONScanner
    private let headerSize: Int
    var metadata: [String: String] = [:]
    private var members: [Member] = []
    private var unsupported: CheckpointError?

    init(file: String, bytes: [UInt8], fileSize: Int) {
        self.file = file
        self.fileSize = fileSize
        headerSize = bytes.count
        scanner = JSONScanner(bytes, file: file, style: .bytes(first: 8))
    }

    private var dataStart: Int { 8 + headerSize }

    func malformed(_ message: String, at offset: Int) -> CheckpointError {
        CheckpointError(.malformedFile, "\(file): \(message) (byte \(8 + offset))")
    }

    mutating func parse() throws(FileError) {
        guard scanner.take(UInt8(ascii: "{")) else {
            throw scanner.expected("the header to start with '{'")
        }
        var names: Set<ExactString> = []
        try eachMember { (parser, key, start) throws(FileError) in
            guard names.insert(ExactString(key)).inserted else {
                throw parser.scanner.failure("duplicate tensor name \(key.quoted)", at: start)
            }
            if key == "__metadata__" {
                try parser.parseMetadata()
            } else {
                try parser.parseTensor(key, start: start)
            }
        }
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw scanner.expected("the end of the header") }
    }

    /// Reads the members of an object after its brace; `body` reads the value.
    private mutating func eachMember(
        _ body: (inout Self, String, Int) throws(FileError) -> Void
    ) throws(FileError) {
        scanner.skipWhitespace()
        if scanner.take(UInt8(ascii: "}")) { return }
        while true {
            scanner.skipWhitespace()
            let start = scanner.position
            let key = try scanner.stringToken()
            scanner.skipWhitespace()
            try scanner.expect(UInt8(ascii: ":"), "':' after \(key.quoted)")
            scanner.skipWhitespace()
            try body(&self, key, start)
            scanner.skipWhitespace()
            if scanner.take(UInt8(ascii: "}")) { return }
            try scanner.expect(UInt8(ascii: ","), "',' or '}'")
        }
    }

    private mutating func parseMetadata() throws(FileError) {
        try scanner.expect(UInt8(ascii: "{"), "__metadata__ to be an object of strings")
        var keys: Set<ExactString> = []
        try eachMember { (parser, key, start) throws(FileError) in
            guard keys.insert(ExactString(key)).inserted else {
                throw parser.scanner.failure("duplicate __metadata__ key \(key.quoted)", at: start)
            }
            guard parser.scanner.nextByte == UInt8(ascii: "\"") else {
                throw parser.scanner.expected("a string for the __metadata__ key \(key.quoted)")
            }
            parser.metadata[key] = try parser.scanner.stringToken()
        }
    }

    private mutating func parseTensor(
        _ name: String, start: Int
    ) throws(FileError) {
        var fields = Fields()
        scanner.context = "tensor \(name.quoted): "
        defer { scanner.context = nil }
        try scanner.expect(UInt8(ascii: "{"), "an object")
        try eachMember { (parser, key, start) throws(FileError) in
            try parser.parseField(key, start: start, tensor: name, into: &fields)
        }
        guard unsupported == nil else { return }
        guard let scalarType = fields.scalarType, let shape = fields.shape,
            let offsets = fields.offsets
        else {
            let missing =
                fields.scalarType == nil ? "dtype" : fields.shape == nil ? "shape" : "data_offsets"
            throw scanner.failure("field \"\(missing)\" is missing", at: start)
        }
        members.append(
            Member(
                name: name, scalarType: scalarType, shape: shape, begin: offsets[0],
                end: offsets[1], position: start))
    }

    private mutating func parseField(
        _ key: String, start: Int, tensor: String, into fields: inout Fields
    ) throws(FileError) {
        let isRepeated: Bool
        switch key {
        case "dtype":
            isRepeated = fields.scalarType != nil
            let valueStart = scanner.position
            let text = try scanner.stringToken()
            fields.scalarType = ScalarType(rawValue: text)
            if fields.scalarType == nil, unsupported == nil {
                let known = ScalarType.allCases.map(\.rawValue).joined(separator: ", ")
                unsupported = CheckpointError(
                    .unsupportedType,
                    "\(file): tensor \(tensor.quoted): unsupported dtype \(text.quoted), "
                        + "expected one of \(known) (byte \(8 + valueStart))")
            }
        case "shape":
            isRepeated = fields.shape != nil
            fields.shape = try integers("shape")
        case "data_offsets":
            isRepeated = fields.offsets != nil
            let valueStart = scanner.position
            let offsets = try integers("data_offsets")
            guard offsets.count == 2 else {
                throw scanner.failure(
                    "data_offsets: expected 2 numbers, found \(offsets.count)", at: valueStart)
            }
            fields.offsets = offsets
        default:
            throw scanner.failure(
                "unknown field \(key.quoted), expected dtype, shape and data_offsets", at: start)
        }
        if isRepeated { throw scanner.failure("field \"\(key)\" is given twice", at: start) }
    }

    private mutating func integers(_ field: String) throws(FileError) -> [Int] {
        try scanner.expect(UInt8(ascii: "["), "\(field) to be an array of integers")
        var values: [Int] = []
        scanner.skipWhitespace()
        if scanner.take(UInt8(ascii: "]")) { return values }
        while true {
            scanner.skipWhitespace()
            let token = try scanner.number()
            let text = scanner.text(token.range)
            guard token.isInteger, !text.hasPrefix("-"), let value = scanner.integer(token) else {
                throw scanner.failure(
                    "\(field): expected integers from 0 to \(Int.max), "
                        + "found \(text.prefix(40))", at: token.range.lowerBound)
            }
            values.append(value)
            scanner.skipWhitespace()
            if scanner.take(UInt8(ascii: "]")) { return values }
            try scanner.expect(UInt8(ascii: ","), "',' or ']' in \(field)")
        }
    }

    /// The tensors in the order of their data, after all checks of sizes and ranges.
    func checkedEntries() throws(CheckpointError) -> [TensorEntry] {
        if let unsupported { throw unsupported }
        let dataSize = fileSize - dataStart
        for member in members { try check(member, dataSize: dataSize) }
        let ordered = members.sorted {
            ($0.begin, $0.end, $0.position) < ($1.begin, $1.end, $1.position)
        }
        var entries: [TensorEntry] = []
        entries.reserveCapacity(ordered.count)
        var expected = 0
        for member in ordered {
            func label() -> String { "tensor \(member.name.quoted): " }
            if member.begin < expected {
                let other = entries.last { !$0.byteRange.isEmpty }?.name ?? ""
                throw malformed(
                    label() + "data starts at \(member.begin) and overlaps tensor "
                        + "\(other.quoted), which ends at \(expected)", at: member.position)
            }
            if member.begin > expected {
                throw malformed(
                    label() + "gap in front of the data: bytes \(expected) to \(member.begin) of "
                        + "the data section belong to no tensor", at: member.position)
            }
            expected = member.end
            entries.append(
                TensorEntry(
                    name: member.name, scalarType: member.scalarType, shape: member.shape,
                    byteRange: dataStart + member.begin..<dataStart + member.end))
        }
        guard expected == dataSize else {
            throw CheckpointError(
                .malformedFile,
                "\(file): \(dataSize - expected) trailing bytes belong to no tensor "
                    + "(byte \(dataStart + expected))")
        }
        return entries
    }

    private func check(_ member: Member, dataSize: Int) throws(CheckpointError) {
        func label() -> String { "tensor \(member.name.quoted): " }
        guard member.begin <= member.end else {
            throw malformed(
                label() + "data_offsets end at \(member.end) before they start at \(member.begin)",
                at: member.position)
        }
        guard member.end <= dataSize else {
            throw malformed(
                label() + "data_offsets end at \(member.end), beyond the data section of "
                    + "\(dataSize) bytes", at: member.position)
        }
        guard let size = member.scalarType.byteCount(of: member.shape) else {
            throw malformed(label() + "size of the shape overflows", at: member.position)
        }
        guard size == member.end - member.begin else {
            throw malformed(
                label() + "shape \(member.shape) of \(member.scalarType.rawValue) needs \(size) "
                    + "bytes, data_offsets hold \(member.end - member.begin)", at: member.position)
        }
    }
}
