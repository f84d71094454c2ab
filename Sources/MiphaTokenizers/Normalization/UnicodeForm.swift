/// A normalisation form of the Unicode standard (Annex 15).
enum UnicodeForm: String, Sendable, CaseIterable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    var composes: Bool { self == .nfc || self == .nfkc }
    var isCompatible: Bool { self == .nfkc || self == .nfkd }

    /// The first byte from `start` on whose scalar may not be in this form, or nil.
    func firstUnstable(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        let tables = NormalizationTables.shared
        var position = start
        while position < end {
            if bytes[position] < 0x80 {
                position += 1
                continue
            }
            let (scalar, length) = UTF8Text.scalar(at: position, in: bytes)
            if !tables.isStable(scalar, in: self) { return position }
            position += length
        }
        return nil
    }

    /// Brings a text into this form.
    ///
    /// Only stretches around scalars that may change are looked at: each begins with the stable
    /// scalar before them and ends before the next one.
    func apply(to text: inout AlignedText) {
        let bytes = text.bytes
        guard var unstable = firstUnstable(bytes.span, 0, bytes.count) else { return }
        let tables = NormalizationTables.shared
        var rewriter = TextRewriter(text)
        var copied = 0
        while true {
            var start = unstable
            while start > copied {
                start -= 1
                if bytes[start] & 0xC0 != 0x80 { break }
            }
            var end = unstable
            while end < bytes.count {
                let (scalar, length) = UTF8Text.scalar(at: end, in: bytes.span)
                if end > unstable, tables.isStable(scalar, in: self) { break }
                end += length
            }
            rewriter.copy(copied, start)
            rewriter.replace(start, end, by: changes(bytes.span, start, end))
            copied = end
            guard let next = firstUnstable(bytes.span, end, bytes.count) else { break }
            unstable = next
        }
        rewriter.copy(copied, bytes.count)
        text = rewriter.text()
    }

    private struct Mark {
        var change: TextRewriter.Change
        var order: UInt8
    }

    private func changes(
        _ bytes: Span<UInt8>, _ start: Int, _ end: Int
    ) -> [TextRewriter.Change] {
        let tables = NormalizationTables.shared
        var marks: [Mark] = []
        var sorted = 0
        var position = start
        while position < end {
            let (scalar, length) = UTF8Text.scalar(at: position, in: bytes)
            position += length
            var shift = 0
            tables.decompose(scalar, compatibly: isCompatible) { part in
                let order = tables.combiningClass(part)
                if order == 0 {
                    Self.sort(&marks, from: sorted)
                    sorted = marks.count + 1
                }
                marks.append(Mark(change: .init(scalar: part, shift: shift), order: order))
                shift = 1
            }
        }
        Self.sort(&marks, from: sorted)
        return composes ? Self.composed(marks) : marks.map(\.change)
    }

    /// Sorts marks by their class; marks of one class keep their order.
    private static func sort(_ marks: inout [Mark], from start: Int) {
        guard marks.count - start > 1 else { return }
        let sorted = marks[start...].enumerated().sorted {
            ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
        }
        marks.replaceSubrange(start..., with: sorted.map(\.element))
    }

    private static func composed(_ marks: [Mark]) -> [TextRewriter.Change] {
        let tables = NormalizationTables.shared
        var result: [TextRewriter.Change] = []
        var starter: Int?
        var lastOrder: UInt8?
        for mark in marks {
            if let place = starter, lastOrder.map({ $0 < mark.order }) ?? true,
                let joint = tables.composition(result[place].scalar, mark.change.scalar)
            {
                result[place].scalar = joint
                result[place].shift += mark.change.shift - 1
                continue
            }
            result.append(mark.change)
            if mark.order == 0 {
                starter = result.count - 1
                lastOrder = nil
            } else if starter != nil {
                lastOrder = mark.order
            }
        }
        return result
    }
}
