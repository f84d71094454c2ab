/// How many bytes of a normalised text each token stands for, where it stands for its own.
struct TokenLengths: Sendable {
    private let lengths: [UInt32]

    init(_ lengths: [UInt32]) { self.lengths = lengths }

    @inline(__always)
    subscript(id: Int) -> Int { id < lengths.count ? Int(lengths[id]) : 0 }
}

/// The ids of a text, and on request the marks from which the bytes of each are computed.
struct EncodedIDs {
    /// Where a run of ids comes from: the ids from `firstID` on start at byte `start` and follow each
    /// other, or the one id covers `start..<end`.
    struct Mark {
        var firstID: Int
        var start: Int
        var end: Int
    }

    var ids: [Int] = []
    private(set) var marks: [Mark] = []
    let wantsMarks: Bool

    init(wantsMarks: Bool) { self.wantsMarks = wantsMarks }

    /// The ids that follow stand for their own bytes, from `start` on.
    @inline(__always)
    mutating func mark(_ start: Int) {
        if wantsMarks { marks.append(Mark(firstID: ids.count, start: start, end: -1)) }
    }

    /// Appends an id that stands for `start..<end`.
    mutating func append(_ id: Int, _ start: Int, _ end: Int) {
        if wantsMarks { marks.append(Mark(firstID: ids.count, start: start, end: end)) }
        ids.append(id)
    }

    /// Appends the ids of a word, each with its bytes.
    mutating func append(_ scratch: TokenScratch, at start: Int) {
        var position = start
        for index in scratch.ids.indices {
            let end = position + Int(scratch.lengths[index])
            append(Int(scratch.ids[index]), position, end)
            position = end
        }
    }

    /// The bytes of each id from the mark of number `first` on.
    func ranges(from first: Int, _ lengths: TokenLengths) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for index in first..<marks.count {
            let mark = marks[index]
            let next = index + 1 < marks.count ? marks[index + 1].firstID : ids.count
            if mark.end >= 0 {
                ranges.append(mark.start..<mark.end)
                continue
            }
            var start = mark.start
            for position in mark.firstID..<next {
                let end = start + lengths[ids[position]]
                ranges.append(start..<end)
                start = end
            }
        }
        return ranges
    }

    /// Moves the marks from number `first` on, but not below `floor`.
    mutating func shift(from first: Int, by offset: Int, floor: Int, _ lengths: TokenLengths) {
        rewrite(from: first, lengths) { range in
            let start = max(floor, range.lowerBound + offset)
            return start..<max(start, range.upperBound + offset)
        }
    }

    /// Turns the places of the marks from number `first` on, which are those of a changed text, into
    /// the places they came from.
    mutating func trace(from first: Int, through text: AlignedText, _ lengths: TokenLengths) {
        rewrite(from: first, lengths) { text.original($0.lowerBound, $0.upperBound) }
    }

    private mutating func rewrite(
        from first: Int, _ lengths: TokenLengths, _ change: (Range<Int>) -> Range<Int>
    ) {
        guard wantsMarks, first < marks.count else { return }
        let firstID = marks[first].firstID
        let ranges = ranges(from: first, lengths)
        marks.removeLast(marks.count - first)
        for (index, range) in ranges.enumerated() {
            let place = change(range)
            marks.append(
                Mark(firstID: firstID + index, start: place.lowerBound, end: place.upperBound))
        }
    }
}
