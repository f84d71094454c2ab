/// The tokens of single scalars, and what becomes of the others.
struct ScalarSymbols: Sendable {
    /// Token ids by scalar, in pages of 256.
    struct Table: Sendable {
        private var pageNumbers = [UInt16](repeating: 0, count: 0x1100)
        private var pages = [UInt32](repeating: PairTable.missing, count: 256)

        mutating func set(_ scalar: UInt32, _ id: UInt32) {
            let page = Int(scalar >> 8)
            if pageNumbers[page] == 0 {
                pageNumbers[page] = UInt16(pages.count / 256)
                pages += [UInt32](repeating: PairTable.missing, count: 256)
            }
            pages[Int(pageNumbers[page]) << 8 | Int(scalar & 0xFF)] = id
        }

        @inline(__always)
        subscript(scalar: UInt32) -> UInt32 {
            pages[Int(pageNumbers[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
        }
    }

    /// The token of a scalar.
    var table = Table()
    /// The token of a scalar that ends a word, where that differs (`end_of_word_suffix`).
    var lastTable: Table?
    /// The tokens of single bytes; nil without byte fallback, `PairTable.missing` where there is none.
    var byteIDs: [UInt32]?
    /// The token of a scalar that has none and no tokens of its bytes; without it, it is dropped.
    var unknownID: UInt32?
    /// Adjacent unknown scalars become one unknown token.
    var fusesUnknown = false

    func split(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch) {
        var position = start
        var afterUnknown = false
        while position < end {
            let (scalar, length) = UTF8Text.scalar(at: position, in: bytes)
            let isLast = position + length == end
            let id = isLast ? (lastTable ?? table)[scalar] : table[scalar]
            if id != PairTable.missing {
                scratch.ids.append(id)
                scratch.lengths.append(Int32(length))
                afterUnknown = false
            } else if !appendBytes(bytes, position, length, &scratch) {
                scratch.isIrregular = true
                appendUnknown(length, &afterUnknown, &scratch)
            }
            position += length
        }
    }

    /// Appends the tokens of a scalar's bytes, if every byte has one.
    func appendBytes(
        _ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ scratch: inout TokenScratch
    ) -> Bool {
        guard let byteIDs else { return false }
        for position in start..<start + length
        where byteIDs[Int(bytes[position])] == PairTable.missing { return false }
        for position in start..<start + length {
            scratch.ids.append(byteIDs[Int(bytes[position])])
            scratch.lengths.append(1)
        }
        return true
    }

    private func appendUnknown(
        _ length: Int, _ afterUnknown: inout Bool, _ scratch: inout TokenScratch
    ) {
        if afterUnknown, fusesUnknown {
            scratch.lengths[scratch.lengths.count - 1] += Int32(length)
        } else if let unknownID {
            scratch.ids.append(unknownID)
            scratch.lengths.append(Int32(length))
            afterUnknown = true
        } else if !scratch.lengths.isEmpty {
            scratch.lengths[scratch.lengths.count - 1] += Int32(length)
        }
    }
}
