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

    mutating func supervise(from start: Int) {
        supervised.append(start..<bytes.count)
    }
}

extension ChatTemplate {
    typealias MarkedTurn = (role: ConversationSample.Role, text: MarkedText)

    /// The text of a conversation; with `awaitingAnswer` it ends where the next answer begins.
    func render(
        system: String?, turns: [MarkedTurn], awaitingAnswer: Bool, wrapsImages: Bool
    ) -> RenderedConversation {
        var rendered = RenderedConversation(wrapsImages: wrapsImages)
        let systemText = system ?? self.system
        if !systemText.isEmpty {
            rendered.append(structure: systemPrefix)
            rendered.append(content: MarkedText(plain: systemText))
            rendered.append(structure: systemSuffix)
        }
        for turn in turns {
            switch turn.role {
            case .human:
                rendered.append(structure: userPrefix)
                rendered.append(content: turn.text)
                rendered.append(structure: userSuffix)
            case .assistant:
                rendered.append(structure: assistantPrefix)
                appendAnswer(turn.text, to: &rendered)
            }
        }
        if awaitingAnswer { rendered.append(structure: assistantPrefix) }
        return rendered
    }

    /// The text of a stage-1 sample: markers, caption, newline; the human's request is left out.
    func renderPlain(images: Int, caption: MarkedText?) -> RenderedConversation {
        var rendered = RenderedConversation(wrapsImages: false)
        for _ in 0..<images {
            var marker = MarkedText(plain: ImageMarker.text)
            marker.markers = [0]
            rendered.append(content: marker)
        }
        if let caption { appendAnswer(caption, to: &rendered) }
        return rendered
    }

    private func appendAnswer(_ answer: MarkedText, to rendered: inout RenderedConversation) {
        let start = rendered.bytes.count
        rendered.append(structure: answerPrefix)
        rendered.append(content: answer)
        rendered.append(structure: endOfTurn)
        rendered.supervise(from: start)
    }
}
