extension PrecompiledCharacterMap {
    /// Replaces as Hugging Face `tokenizers` does (normalizers/precompiled.rs): a grapheme cluster of
    /// less than six bytes whole if the map knows its beginning, else scalar by scalar.
    func apply(to text: inout AlignedText) {
        let bytes = text.bytes
        var rewriter = TextRewriter(text)
        var changes: [TextRewriter.Change] = []
        var position = 0
        var hasChanged = false
        while position < bytes.count {
            let end = Self.stretchEnd(bytes.span, position)
            var start = position
            for cluster in String(decoding: bytes[position..<end], as: UTF8.self) {
                let stop = start + cluster.utf8.count
                if append(bytes.span, start, stop, &changes) { hasChanged = true }
                start = stop
            }
            rewriter.replace(position, end, by: changes)
            changes.removeAll(keepingCapacity: true)
            position = end
        }
        if hasChanged { text = rewriter.text() }
    }

    /// A place from `start` on between two ASCII characters, at which clusters always end.
    private static func stretchEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var position = start + 1
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x80, bytes[position - 1] < 0x80, position - start >= 64, byte != 0x0A {
                return position
            }
            position += 1
        }
        return bytes.count
    }

    private func append(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ changes: inout [TextRewriter.Change]
    ) -> Bool {
        if end - start < 6, let found = match(bytes, start, end, .shortest) {
            append(found.replacement, insteadOf: bytes, start, end, &changes)
            return true
        }
        var position = start
        var hasChanged = false
        while position < end {
            let (scalar, length) = UTF8Text.scalar(at: position, in: bytes)
            if let found = match(bytes, position, position + length, .shortest) {
                append(found.replacement, insteadOf: bytes, position, position + length, &changes)
                hasChanged = true
            } else {
                changes.append(.init(scalar: scalar, shift: 0))
            }
            position += length
        }
        return hasChanged
    }

    private func append(
        _ replacement: Range<Int>, insteadOf bytes: Span<UInt8>, _ start: Int, _ end: Int,
        _ changes: inout [TextRewriter.Change]
    ) {
        var removed = 0
        for position in start..<end where bytes[position] & 0xC0 != 0x80 { removed += 1 }
        let scalars = Array(String(decoding: content(replacement), as: UTF8.self).unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            changes.append(.init(scalar: scalar.value, shift: index < removed ? 0 : 1))
        }
        // Nothing at all in place of something is taken off what is before, as in the reference.
        if scalars.count < removed, !changes.isEmpty {
            changes[changes.count - 1].shift += scalars.count - removed
        }
    }
}
