/// A text under normalisation, with the bytes of the original that each of its bytes came from.
///
/// A text that nothing has changed holds no table: byte `n` came from byte `base + n`. Without
/// `tracks` no table is ever made, and origins must not be asked for.
struct AlignedText: Sendable {
    /// A range of bytes of the original text.
    struct Origin: Sendable, Equatable {
        var start: UInt32
        var end: UInt32
    }

    /// The text in UTF-8.
    private(set) var bytes: [UInt8]
    /// Where an unchanged text begins in the original.
    let base: Int
    /// Whether origins are kept.
    let tracks: Bool
    /// The origin of every byte; empty while the text is unchanged.
    private(set) var origins: [Origin] = []

    /// A text as it stands in the original from byte `base` on.
    init(_ bytes: [UInt8], base: Int, tracks: Bool) {
        self.bytes = bytes
        self.base = base
        self.tracks = tracks
    }

    init(_ bytes: [UInt8], origins: [Origin], of source: AlignedText) {
        self.bytes = bytes
        self.origins = origins
        base = source.base
        tracks = source.tracks
    }

    /// A part of the text.
    func part(_ range: Range<Int>) -> AlignedText {
        var part = AlignedText(
            Array(bytes[range]), base: base + range.lowerBound, tracks: tracks)
        if !origins.isEmpty { part.origins = Array(origins[range]) }
        return part
    }

    /// The origin of one byte.
    func origin(of byte: Int) -> Origin {
        guard origins.isEmpty else { return origins[byte] }
        let place = UInt32(truncatingIfNeeded: base + byte)
        return Origin(start: place, end: place + 1)
    }

    /// Where the whole scalar that holds a byte came from.
    func scalarOrigin(of byte: Int) -> Origin {
        var first = byte
        while first > 0, bytes[first] & 0xC0 == 0x80 { first -= 1 }
        var last = byte
        while last + 1 < bytes.count, bytes[last + 1] & 0xC0 == 0x80 { last += 1 }
        return Origin(start: origin(of: first).start, end: origin(of: last).end)
    }

    /// The bytes of the original behind `start..<end`; an empty range stays empty.
    func original(_ start: Int, _ end: Int) -> Range<Int> {
        let end = min(end, bytes.count)
        guard start < end else {
            if start < bytes.count {
                let place = Int(origin(of: start).start)
                return place..<place
            }
            let place = bytes.isEmpty ? base : Int(origin(of: bytes.count - 1).end)
            return place..<place
        }
        let first = Int(origin(of: start).start)
        return first..<max(first, Int(origin(of: end - 1).end))
    }
}
