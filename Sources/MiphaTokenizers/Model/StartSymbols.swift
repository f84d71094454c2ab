/// What a word is before its pairs are merged: a token for each byte, or for each scalar.
enum StartSymbols: Sendable {
    /// Byte-level vocabularies.
    case bytes(ByteSymbols)
    /// Vocabularies of characters, with or without tokens for bytes.
    case scalars(ScalarSymbols)

    @inline(__always)
    func split(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch) {
        switch self {
        case .bytes(let symbols): symbols.split(bytes, start, end, &scratch)
        case .scalars(let symbols): symbols.split(bytes, start, end, &scratch)
        }
    }
}

/// The starts of the 256 bytes.
struct ByteSymbols: Sendable {
    /// What a byte becomes before merging.
    struct Start: Sendable, Equatable {
        var ids: [UInt32]
        var isUnknown = false
    }

    /// The start of each byte.
    let starts: [Start]
    /// The start of a byte that ends a word, where that differs (`end_of_word_suffix`).
    let lastStarts: [Start]?
    /// Adjacent unknown bytes become one unknown token.
    let fusesUnknown: Bool

    /// Every byte starts as exactly one token of its own.
    private let isRegular: Bool
    private let startIDs: [UInt32]

    init(starts: [Start], lastStarts: [Start]?, fusesUnknown: Bool) {
        self.starts = starts
        self.lastStarts = lastStarts
        self.fusesUnknown = fusesUnknown
        isRegular =
            lastStarts == nil && starts.allSatisfy { $0.ids.count == 1 && !$0.isUnknown }
        startIDs = starts.map { $0.ids.first ?? 0 }
    }

    @inline(__always)
    func split(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch) {
        guard isRegular else {
            splitIrregular(bytes, start, end, &scratch)
            return
        }
        for position in start..<end {
            scratch.ids.append(startIDs[Int(bytes[position])])
            scratch.lengths.append(1)
        }
    }

    private func splitIrregular(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch
    ) {
        var afterUnknown = false
        var dropped: Int32 = 0
        for position in start..<end {
            let isLast = position == end - 1
            let byte = Int(bytes[position])
            let first = isLast ? lastStarts?[byte] ?? starts[byte] : starts[byte]
            if first.ids.count != 1 || first.isUnknown { scratch.isIrregular = true }
            if first.isUnknown, afterUnknown, fusesUnknown {
                scratch.lengths[scratch.lengths.count - 1] += 1
                continue
            }
            for (index, id) in first.ids.enumerated() {
                scratch.ids.append(id)
                scratch.lengths.append(index == first.ids.count - 1 ? dropped + 1 : 0)
            }
            if !first.ids.isEmpty {
                afterUnknown = first.isUnknown
                dropped = 0
            } else if scratch.lengths.isEmpty {
                dropped += 1
            } else {
                scratch.lengths[scratch.lengths.count - 1] += 1
            }
        }
    }
}
