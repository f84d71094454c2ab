/// A line of a text of JSON lines that does not hold values.
package struct JSONMalformedLine: Sendable {
    /// Where it begins, at its first byte that is not blank.
    package let place: JSONPlace
    /// The bytes from there to its end.
    package let length: Int
    /// What is wrong, as `file: line 1, column 1: …`.
    package let error: FileError
}

/// Values on lines, read past lines that are none.
extension JSONStream {
    /// A look for the value behind some bytes of the window.
    private enum Probe {
        /// The value ends so many bytes behind the position.
        case value(end: Int)
        case malformed
        /// It does not fit the window.
        case large
    }

    /// What stands on a line of values.
    enum LinePiece {
        case value(JSONCursor)
        case malformed(JSONMalformedLine)
    }

    /// The value at the position, or the line there when that is no line of values.
    ///
    /// A line is values with blanks between them, the last of which may go on over further lines. One
    /// that is not is passed up to its end, and the next line is a new start. Call it after ``peek()``.
    func linePiece(index: Int) throws(FileError) -> LinePiece {
        if place.byte < checkedTo { return .value(try value(index: index)) }
        var offset = 0
        while true {
            switch try probe(offset) {
            case .malformed: return .malformed(try malformedLine(behind: offset, index: index))
            case .large:
                guard offset > 0 else {
                    return .malformed(try malformedLine(behind: 0, index: index))
                }
                checkedTo = place.byte + offset
                return .value(try value(index: index))
            case .value(let end):
                offset = try skipBlanks(behind: end)
                guard try isInLine(offset) else {
                    checkedTo = place.byte + offset
                    return .value(try value(index: index))
                }
            }
        }
    }

    /// Looks at the value behind some bytes: whether it is well formed, and where it ends.
    ///
    /// No token goes over a line, so whole lines that do not break the grammar may go on, and others
    /// never become right. That keeps the look short where a closing bracket is missing.
    private func probe(_ offset: Int) throws(FileError) -> Probe {
        var boundary = JSONBoundary(index: position + offset)
        var seen = 0
        while true {
            let start = position + offset
            let isFound = unsafe boundary.find(in: UnsafePointer(window.base), to: filled)
            if isFound || (isComplete && boundary.endsWithText) {
                let end = isFound ? boundary.index : filled
                guard end > start, isWellFormed(start..<end) else { return .malformed }
                return .value(end: end - position)
            }
            if isComplete { return .malformed }
            if let end = lastLineEnd(from: start), end - start > seen {
                seen = end - start
                guard mayGoOn(start..<end) else { return .malformed }
            }
            let before = position
            guard try refill(growing: true) else {
                if isComplete { continue }
                return .large
            }
            boundary.index -= before - position
        }
    }

    private func isWellFormed(_ range: Range<Int>) -> Bool { stop(in: range) == nil }

    /// Whether whole lines are the beginning of a value.
    private func mayGoOn(_ lines: Range<Int>) -> Bool {
        stop(in: lines).map { $0 >= lines.upperBound } ?? true
    }

    /// Where the reading of a value fails, if it does.
    private func stop(in range: Range<Int>) -> Int? {
        var cursor = cursor(over: range)
        do throws(FileError) {
            try cursor.skip()
            return nil
        } catch {
            return cursor.position
        }
    }

    /// The place behind the last line feed of the window.
    private func lastLineEnd(from start: Int) -> Int? {
        var index = filled
        while index > start {
            if unsafe window.base[index - 1] == 0x0A { return index }
            index -= 1
        }
        return nil
    }

    /// Moves over blanks of the line; counts from the position.
    private func skipBlanks(behind offset: Int) throws(FileError) -> Int {
        var offset = offset
        while true {
            while position + offset < filled {
                let byte = unsafe window.base[position + offset]
                guard byte != 0x0A, JSONScanner.isWhitespace(byte) else { return offset }
                offset += 1
            }
            guard try refill(growing: true) else { return offset }
        }
    }

    /// Whether the line goes on behind some bytes; call it behind ``skipBlanks(behind:)``.
    private func isInLine(_ offset: Int) throws(FileError) -> Bool {
        guard position + offset < filled else { return false }
        return unsafe window.base[position + offset] != 0x0A
    }

    /// Moves to the end of the line behind some bytes, and tells what is wrong from the position on.
    private func malformedLine(
        behind offset: Int, index: Int
    ) throws(FileError) -> JSONMalformedLine {
        let start = place
        var offset = offset
        var isEnd = false
        while true {
            while position + offset < filled {
                isEnd = unsafe window.base[position + offset] == 0x0A
                if isEnd { break }
                offset += 1
            }
            guard !isEnd, try refill(growing: true) else { break }
        }
        var cursor = cursor(to: position + offset, index: index, key: nil, style: .words)
        let error: FileError
        do throws(FileError) {
            try cursor.skip()
            error = cursor.failure("expected a line of JSON values")
        } catch let found {
            error = found
        }
        consume(to: position + offset)
        while !isEnd, !isComplete {
            var end = position
            while end < filled, !isEnd {
                isEnd = unsafe window.base[end] == 0x0A
                if !isEnd { end += 1 }
            }
            consume(to: end)
            if !isEnd, try !refill(growing: false) { break }
        }
        return JSONMalformedLine(
            place: start, length: place.byte - start.byte, error: error)
    }
}
