/// A line of a text of JSON lines that does not hold values.
package struct JSONMalformedLine: Sendable {
    /// Where it begins, at its first byte that is not blank.
    package let place: JSONPlace
    /// The bytes from there to its end.
    package let length: Int
    /// What is wrong, as `file: line 1, column 1: …`.
    package let error: FileError
}

/// Reads values on lines from a stream, past lines that are none.
struct JSONLineReader {
    /// A look for the value behind some bytes of the window.
    private enum Probe {
        /// The value ends so many bytes behind the position.
        case value(end: Int)
        case malformed
        /// It does not fit the window.
        case large
    }

    /// What stands on a line of values.
    enum Piece {
        case value(JSONCursor)
        case malformed(JSONMalformedLine)
    }

    private let stream: JSONStream
    /// The byte of the text before which whole lines of values were looked at.
    private var checkedTo = 0

    init(_ stream: JSONStream) {
        self.stream = stream
    }

    /// The value at the position, or the line there when that is no line of values.
    ///
    /// A line is values with blanks between them, the last of which may go on over further lines. One
    /// that is not is passed up to its end, and the next line is a new start. Call it after
    /// ``JSONStream/peek()``.
    mutating func piece(index: Int) throws(FileError) -> Piece {
        if stream.place.byte < checkedTo { return .value(try stream.value(index: index)) }
        var offset = 0
        while true {
            switch try probe(offset) {
            case .malformed: return .malformed(try malformedLine(behind: offset, index: index))
            case .large:
                guard offset > 0 else {
                    return .malformed(try malformedLine(behind: 0, index: index))
                }
                checkedTo = stream.place.byte + offset
                return .value(try stream.value(index: index))
            case .value(let end):
                offset = try skipBlanks(behind: end)
                guard try isInLine(offset) else {
                    checkedTo = stream.place.byte + offset
                    return .value(try stream.value(index: index))
                }
            }
        }
    }

    /// Looks at the value behind some bytes: whether it is well formed, and where it ends.
    ///
    /// No token goes over a line, so whole lines that do not break the grammar may go on, and others
    /// never become right. That keeps the look short where a closing bracket is missing.
    private func probe(_ offset: Int) throws(FileError) -> Probe {
        var boundary = JSONBoundary(index: stream.position + offset)
        var seen = 0
        while true {
            let start = stream.position + offset
            let isFound = unsafe boundary.find(
                in: UnsafePointer(stream.window.base), to: stream.filled)
            if isFound || (stream.isComplete && boundary.endsWithText) {
                let end = isFound ? boundary.index : stream.filled
                guard end > start, isWellFormed(start..<end) else { return .malformed }
                return .value(end: end - stream.position)
            }
            if stream.isComplete { return .malformed }
            if let end = lastLineEnd(from: start), end - start > seen {
                seen = end - start
                guard mayGoOn(start..<end) else { return .malformed }
            }
            let before = stream.position
            guard try stream.refill(growing: true) else {
                if stream.isComplete { continue }
                return .large
            }
            boundary.index -= before - stream.position
        }
    }

    private func isWellFormed(_ range: Range<Int>) -> Bool { stop(in: range) == nil }

    /// Whether whole lines are the beginning of a value.
    private func mayGoOn(_ lines: Range<Int>) -> Bool {
        stop(in: lines).map { $0 >= lines.upperBound } ?? true
    }

    /// Where the reading of a value fails, if it does.
    private func stop(in range: Range<Int>) -> Int? {
        var cursor = stream.cursor(over: range)
        do throws(FileError) {
            try cursor.skip()
            return nil
        } catch {
            return cursor.position
        }
    }

    /// The place behind the last line feed of the window.
    private func lastLineEnd(from start: Int) -> Int? {
        var index = stream.filled
        while index > start {
            if unsafe stream.window.base[index - 1] == 0x0A { return index }
            index -= 1
        }
        return nil
    }

    /// Moves over blanks of the line; counts from the position.
    private func skipBlanks(behind offset: Int) throws(FileError) -> Int {
        var offset = offset
        while true {
            while stream.position + offset < stream.filled {
                let byte = unsafe stream.window.base[stream.position + offset]
                guard byte != 0x0A, JSONScanner.isWhitespace(byte) else { return offset }
                offset += 1
            }
            guard try stream.refill(growing: true) else { return offset }
        }
    }

    /// Whether the line goes on behind some bytes; call it behind ``skipBlanks(behind:)``.
    private func isInLine(_ offset: Int) throws(FileError) -> Bool {
        guard stream.position + offset < stream.filled else { return false }
        return unsafe stream.window.base[stream.position + offset] != 0x0A
    }

    /// Moves to the end of the line behind some bytes, and tells what is wrong from the position on.
    private func malformedLine(
        behind offset: Int, index: Int
    ) throws(FileError) -> JSONMalformedLine {
        let start = stream.place
        var offset = offset
        var isEnd = false
        while true {
            while stream.position + offset < stream.filled {
                isEnd = unsafe stream.window.base[stream.position + offset] == 0x0A
                if isEnd { break }
                offset += 1
            }
            guard !isEnd, try stream.refill(growing: true) else { break }
        }
        var cursor = stream.cursor(
            to: stream.position + offset, index: index, key: nil, style: .words)
        let error: FileError
        do throws(FileError) {
            try cursor.skip()
            error = cursor.failure("expected a line of JSON values")
        } catch let found {
            error = found
        }
        stream.consume(to: stream.position + offset)
        while !isEnd, !stream.isComplete {
            var end = stream.position
            while end < stream.filled, !isEnd {
                isEnd = unsafe stream.window.base[end] == 0x0A
                if !isEnd { end += 1 }
            }
            stream.consume(to: end)
            if !isEnd, try !stream.refill(growing: false) { break }
        }
        return JSONMalformedLine(
            place: start, length: stream.place.byte - start.byte, error: error)
    }
}
