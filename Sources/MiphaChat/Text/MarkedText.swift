/// A turn's text with the places of its image markers.
///
/// Only offsets in `markers` stand for images; other occurrences of the marker's text are plain text.
struct MarkedText: Sendable, Hashable {
    var bytes: [UInt8]
    /// Byte offsets at which an `<image>` marker starts.
    var markers: [Int]

    /// Text in which no marker has a meaning.
    init(plain text: String) {
        bytes = Array(text.utf8)
        markers = []
    }

    /// The markers of a human turn, all occurrences deleted and one put in front.
    ///
    /// Delete every marker, strip, prefix `<image>` and a newline, strip: the
    /// reference's normalisation (zhuyiche/llava-phi, `mipha/train/train.py`,
    /// `preprocess_multimodal`). Several markers of one turn collapse to one.
    init(collapsing text: String) {
        self.init(plain: text)
        guard !UTF8Text.occurrences(of: ImageMarker.utf8, in: bytes).isEmpty else { return }
        let rest = UTF8Text.removing(ImageMarker.utf8, from: bytes)
        let body = rest[UTF8Text.stripped(rest)]
        bytes = ImageMarker.utf8
        if !body.isEmpty { bytes += [UInt8(ascii: "\n")] + body }
        markers = [0]
    }

    /// The markers of a human turn, left where they were written; whitespace around the turn is cut.
    init(keeping text: String) {
        self.init(plain: text)
        let found = UTF8Text.occurrences(of: ImageMarker.utf8, in: bytes)
        guard !found.isEmpty else { return }
        let range = UTF8Text.stripped(bytes)
        bytes = Array(bytes[range])
        markers = found.map { $0 - range.lowerBound }
    }

    /// `count` images in front of a text, each followed by a newline.
    init(prefixing count: Int, to text: String) {
        bytes = []
        markers = []
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: "\n")) }
            markers.append(bytes.count)
            bytes += ImageMarker.utf8
        }
        if count > 0, !text.isEmpty { bytes.append(UInt8(ascii: "\n")) }
        bytes += Array(text.utf8)
    }

    /// The text without whitespace at both ends.
    var trimmed: MarkedText {
        let range = UTF8Text.stripped(bytes)
        var text = self
        text.bytes = Array(bytes[range])
        text.markers = markers.map { $0 - range.lowerBound }
        return text
    }
}
