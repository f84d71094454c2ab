/// One record of a delimited text, unquoted.
struct DelimitedRecord: Sendable {
    struct Field: Sendable {
        /// The field's bytes in ``DelimitedRecord/bytes``.
        let range: Range<Int>
        /// Where it stands in the file, without enclosing quotation marks.
        let place: FilePlace
    }

    /// The line on which the record starts, from 1.
    var line: Int
    var bytes: [UInt8] = []
    var fields: [Field] = []
    /// Whether any field starts with a quotation mark.
    var isQuoted = false

    /// Whether the line is empty or holds nothing but blanks.
    var isBlank: Bool {
        fields.count == 1 && !isQuoted && bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }
}

/// Cuts a delimited text into records, a piece of the source at a time.
///
/// The rules are those of pandas' C parser and Python's `csv` with default settings: a quotation
/// mark opens a quoted field only as its first character, two stand for one inside, text after the
/// closing one belongs to the field; LF, CR LF and CR end a record.
struct DelimitedParser {
    private enum State {
        case fieldStart, plain, quoted, afterQuote
    }

    private static let pieceSize = 1 << 20
    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D

    let name: String
    let delimiter: UInt8
    private let recordLimit: Int
    private var source: any ByteSource
    private var piece: [UInt8]
    private var position = 0
    /// The position of the piece's first byte in the file.
    private var base = 0
    private var line = 1
    private var skipsLineFeed = false
    private var lastSize = 0
    private var lastCount = 0

    /// Starts at the first byte, behind a byte order mark.
    init(
        _ source: any ByteSource, name: String, delimiter: UInt8?, recordLimit: Int
    ) throws(FileError) {
        self.source = source
        self.name = name
        self.recordLimit = recordLimit
        piece = try self.source.read(upTo: Self.pieceSize)
        while piece.count < FileSignature.length {
            let more = try self.source.read(upTo: Self.pieceSize)
            if more.isEmpty { break }
            piece += more
        }
        if piece.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        try FileSignature.refuse(
            piece, name, expected: "a table as text in UTF-8 (TSV, CSV)", .malformedFile)
        self.delimiter = delimiter ?? Self.likelyDelimiter(name, piece)
    }

    /// The delimiter that the name's suffix says, else the more frequent one of the first line.
    private static func likelyDelimiter(_ name: String, _ piece: [UInt8]) -> UInt8 {
        let suffix = name.lowercased()
        if suffix.hasSuffix(".tsv") || suffix.hasSuffix(".tab") { return UInt8(ascii: "\t") }
        if suffix.hasSuffix(".csv") { return UInt8(ascii: ",") }
        var tabs = 0
        var commas = 0
        for byte in piece.prefix(while: { $0 != lineFeed && $0 != carriageReturn }) {
            if byte == UInt8(ascii: "\t") { tabs += 1 }
            if byte == UInt8(ascii: ",") { commas += 1 }
        }
        return UInt8(ascii: tabs >= commas ? "\t" : ",")
    }

    /// Reads the next record that is not blank, nil at the end.
    mutating func next() throws(FileError) -> DelimitedRecord? {
        while true {
            guard let record = try record() else { return nil }
            if !record.isBlank {
                lastSize = record.bytes.count
                lastCount = record.fields.count
                return record
            }
        }
    }

    private mutating func refill() throws(FileError) -> Bool {
        guard position == piece.count else { return true }
        base += piece.count
        position = 0
        piece = try source.read(upTo: Self.pieceSize)
        return !piece.isEmpty
    }

    private mutating func record() throws(FileError) -> DelimitedRecord? {
        if skipsLineFeed, try refill() {
            if piece[position] == Self.lineFeed { position += 1 }
        }
        skipsLineFeed = false
        guard try refill() else { return nil }
        var record = DelimitedRecord(line: line)
        record.bytes.reserveCapacity(lastSize + lastSize / 8)
        record.fields.reserveCapacity(lastCount)
        var state = State.fieldStart
        var field = OpenField(start: 0, offset: base + position, line: line)
        while try refill() {
            switch state {
            case .fieldStart:
                let isQuoted = piece[position] == Self.quote
                if isQuoted { position += 1 }
                field = OpenField(
                    start: record.bytes.count, offset: base + position, line: line)
                record.isQuoted = record.isQuoted || isQuoted
                state = isQuoted ? .quoted : .plain
            case .plain:
                try take(to: delimiter, Self.lineFeed, Self.carriageReturn, into: &record, field)
                guard position < piece.count else { continue }
                if end(field, at: base + position, of: &record) { return record }
                state = .fieldStart
            case .quoted:
                try take(to: Self.quote, Self.lineFeed, Self.lineFeed, into: &record, field)
                guard position < piece.count else { continue }
                if piece[position] == Self.quote {
                    field.end = base + position
                    state = .afterQuote
                } else {
                    record.bytes.append(Self.lineFeed)
                    line += 1
                }
                position += 1
            case .afterQuote:
                let byte = piece[position]
                if byte == Self.quote {
                    record.bytes.append(byte)
                    position += 1
                    state = .quoted
                } else if byte == delimiter || byte == Self.lineFeed
                    || byte == Self.carriageReturn
                {
                    if end(field, at: field.end, of: &record) { return record }
                    state = .fieldStart
                } else {
                    state = .plain
                }
            }
        }
        return try finish(record, field, state)
    }

    /// Takes bytes up to one of three, or to the end of the piece.
    private mutating func take(
        to a: UInt8, _ b: UInt8, _ c: UInt8, into record: inout DelimitedRecord,
        _ field: OpenField
    ) throws(FileError) {
        let stop = ByteScan.first(of: a, b, c, in: piece, from: position)
        guard stop - position <= recordLimit - record.bytes.count else {
            throw FileError(
                .malformedFile,
                "\(name):\(record.line): a record larger than \(recordLimit) bytes; is a "
                    + "quotation mark on line \(field.line) not closed?")
        }
        record.bytes.append(contentsOf: piece[position..<stop])
        position = stop
    }

    /// Ends a field at the byte that closes it; whether it ends the record too.
    private mutating func end(
        _ field: OpenField, at offset: Int, of record: inout DelimitedRecord
    ) -> Bool {
        record.append(field, end: offset)
        let byte = piece[position]
        position += 1
        guard byte != delimiter else { return false }
        line += 1
        skipsLineFeed = byte == Self.carriageReturn
        return true
    }

    /// The record that the end of the file ends.
    private func finish(
        _ record: DelimitedRecord, _ field: OpenField, _ state: State
    ) throws(FileError) -> DelimitedRecord {
        var record = record
        switch state {
        case .quoted:
            throw FileError(
                .malformedFile,
                "\(name):\(field.line): a quotation mark is not closed before the end of the file")
        case .afterQuote: record.append(field, end: field.end)
        case .plain: record.append(field, end: base)
        case .fieldStart:
            record.append(
                OpenField(start: record.bytes.count, offset: base, line: line), end: base)
        }
        return record
    }
}

/// A field that has begun.
private struct OpenField {
    let start: Int
    let offset: Int
    let line: Int
    var end = 0
}

extension DelimitedRecord {
    fileprivate mutating func append(_ field: OpenField, end: Int) {
        fields.append(
            Field(
                range: field.start..<bytes.count,
                place: FilePlace(offset: field.offset, length: max(end - field.offset, 0))))
    }
}
