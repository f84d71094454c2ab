/// The full text of a conversation, with the bytes that matter marked.
///
/// All offsets are UTF-8 bytes of `text`.
public struct RenderedConversation: Sendable, Hashable {
    var bytes: [UInt8] = []
    /// Where an `<image>` marker starts that stands for an image.
    public private(set) var markers: [Int] = []
    /// Bytes that count in the loss: each answer with what precedes it in the template
    /// (a space for Phi and Gemma) and its end of turn.
    public private(set) var supervised: [Range<Int>] = []
    /// Bytes that came from system, user and assistant text, not from the template.
    public private(set) var content: [Range<Int>] = []

    /// The rendered text.
    public var text: String { UTF8Text.string(bytes) }

    private let wrapsImages: Bool

    init(wrapsImages: Bool) {
        self.wrapsImages = wrapsImages
    }

    mutating func append(structure: String) {
        bytes += Array(structure.utf8)
    }

    mutating func append(content added: MarkedText) {
        var done = 0
        for marker in added.markers {
            append(plain: added.bytes[done..<marker])
            if wrapsImages { append(structure: ImageMarker.startText) }
            markers.append(bytes.count)
            bytes += ImageMarker.utf8
            if wrapsImages { append(structure: ImageMarker.endText) }
            done = marker + ImageMarker.utf8.count
        }
        append(plain: added.bytes[done...])
    }

    private mutating func append(plain added: ArraySlice<UInt8>) {
        guard !added.isEmpty else { return }
        content.append(bytes.count..<(bytes.count + added.count))
        bytes += added
    }

    /// Cuts whitespace at the end, as far back as `start`.
    mutating func trimEnd(from start: Int) {
        let kept = UTF8Text.stripped(Array(bytes[start...]))
        let end = kept.isEmpty ? start : start + kept.upperBound
        bytes.removeSubrange(end...)
        content = content.map { min($0.lowerBound, end)..<min($0.upperBound, end) }
            .filter { !$0.isEmpty }
    }

    mutating func supervise(from start: Int) {
        supervised.append(start..<bytes.count)
    }
}
