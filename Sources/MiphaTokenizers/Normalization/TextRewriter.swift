/// Writes a changed text from front to back, carrying over where each byte came from.
///
/// Origins are those of Hugging Face `tokenizers` (tokenizer/normalizer.rs, `transform_range`), so
/// that offsets of tokens equal the reference's.
struct TextRewriter {
    /// A scalar of the new text: `shift` 0 takes the place of one scalar, 1 is put in after the one
    /// before it, and a negative shift takes the place of `1 - shift` scalars.
    struct Change {
        var scalar: UInt32
        var shift: Int
    }

    let source: AlignedText
    private var bytes: [UInt8] = []
    private var origins: [AlignedText.Origin] = []

    init(_ source: AlignedText) {
        self.source = source
        bytes.reserveCapacity(source.bytes.count + source.bytes.count / 4 + 8)
        if source.tracks { origins.reserveCapacity(bytes.capacity) }
    }

    /// The new text.
    consuming func text() -> AlignedText { AlignedText(bytes, origins: origins, of: source) }

    /// Takes over bytes of the source.
    mutating func copy(_ start: Int, _ end: Int) {
        guard start < end else { return }
        bytes.append(contentsOf: source.bytes[start..<end])
        guard source.tracks else { return }
        for position in start..<end { origins.append(source.origin(of: position)) }
    }

    /// Writes bytes that came from the scalar of the source that holds byte `place`.
    mutating func append(_ content: [UInt8], from place: Int) {
        bytes.append(contentsOf: content)
        guard source.tracks else { return }
        let origin = source.scalarOrigin(of: place)
        for _ in content { origins.append(origin) }
    }

    /// Writes bytes with a given origin.
    mutating func append(_ content: some Sequence<UInt8>, origin: AlignedText.Origin) {
        for byte in content {
            bytes.append(byte)
            if source.tracks { origins.append(origin) }
        }
    }

    /// Writes the scalars that take the place of `start..<end` of the source.
    mutating func replace(_ start: Int, _ end: Int, by changes: [Change]) {
        var offset = start
        for change in changes {
            let isNew = change.shift > 0 || offset >= end
            let place = isNew ? offset - 1 : offset
            var isSame = false
            if !isNew {
                let old = UTF8Text.scalar(at: offset, in: source.bytes.span)
                isSame = old.value == change.scalar
                offset += old.length
            }
            if isSame {
                copy(place, offset)
            } else {
                let origin =
                    source.tracks && place >= 0
                    ? source.scalarOrigin(of: place) : AlignedText.Origin(start: 0, end: 0)
                UTF8Text.append(change.scalar) { byte in
                    bytes.append(byte)
                    if source.tracks { origins.append(origin) }
                }
            }
            var removed = change.shift
            while removed < 0, offset < end {
                offset += UTF8Text.scalar(at: offset, in: source.bytes.span).length
                removed += 1
            }
        }
    }
}
