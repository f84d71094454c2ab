extension ChatFormat {
    typealias MarkedTurn = (role: ConversationSample.Role, text: MarkedText)

    /// The text of a conversation; with `awaitingAnswer` it ends where the next answer begins.
    ///
    /// - Throws: `ChatError` with code `unsuitableTemplate` for a system text where the format has
    ///   none.
    func render(
        system: String?, turns: [MarkedTurn], awaitingAnswer: Bool, wrapsImages: Bool
    ) throws(ChatError) -> RenderedConversation {
        var rendered = RenderedConversation(wrapsImages: wrapsImages)
        var pending = try systemText(system)
        if systemPlace == .beforeTurns {
            append(system: pending, to: &rendered)
            pending = nil
        }
        for (index, turn) in turns.enumerated() {
            switch turn.role {
            case .human:
                if index > 0 { rendered.append(structure: roundPrefix) }
                rendered.append(structure: userPrefix)
                append(request: turn.text, after: pending, to: &rendered)
                pending = nil
                rendered.append(structure: userSuffix)
            case .assistant:
                rendered.append(structure: assistantPrefix)
                append(answer: turn.text, to: &rendered)
            }
        }
        rendered.append(structure: awaitingAnswer ? assistantPrefix : closing)
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
        if let caption { append(answer: caption, to: &rendered) }
        return rendered
    }

    /// The system text that is written, `nil` for none.
    private func systemText(_ given: String?) throws(ChatError) -> String? {
        guard let given else { return system.isEmpty ? nil : system }
        guard systemPlace != .nowhere else {
            throw ChatError(
                .unsuitableTemplate,
                "template \"\(name)\": expected no system message, found one; write what is meant "
                    + "into the first user message")
        }
        return given.isEmpty && !keepsEmptySystem ? nil : given
    }

    private func append(system text: String?, to rendered: inout RenderedConversation) {
        guard let text else { return }
        rendered.append(structure: systemPrefix)
        rendered.append(content: MarkedText(plain: text))
        rendered.append(structure: systemSuffix)
    }

    private func append(
        request: MarkedText, after system: String?, to rendered: inout RenderedConversation
    ) {
        guard trims else {
            append(system: system, to: &rendered)
            rendered.append(content: request)
            return
        }
        guard system != nil else {
            rendered.append(content: request.trimmed)
            return
        }
        // The reference cuts system and request as one text, which begins with the system's prefix.
        let start = rendered.bytes.count
        append(system: system, to: &rendered)
        rendered.append(content: request)
        rendered.trimEnd(from: start)
    }

    private func append(answer: MarkedText, to rendered: inout RenderedConversation) {
        let start = rendered.bytes.count
        rendered.append(structure: answerPrefix)
        rendered.append(content: trims ? answer.trimmed : answer)
        rendered.append(structure: answerSuffix + endOfTurn)
        rendered.supervise(from: start)
        rendered.append(structure: turnSuffix)
    }
}
