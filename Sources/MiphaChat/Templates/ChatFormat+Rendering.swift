extension ChatFormat {
    typealias MarkedTurn = (role: ConversationSample.Role, text: MarkedText)

    /// The text of a conversation; with `awaitingAnswer` it ends where the next answer begins.
    ///
    /// - Throws: `ChatError` with code `unsuitableTemplate` for a system text where the format has
    ///   none.
    func render(
        system: String?, turns: [MarkedTurn], awaitingAnswer: Bool, wrapsImages: Bool
    ) throws(ChatError) -> RenderedConversation {
        var writer = TurnWriter(
            format: self, rendered: RenderedConversation(wrapsImages: wrapsImages))
        try writer.write(system: system, turns: turns, awaitingAnswer: awaitingAnswer)
        return writer.rendered
    }

    /// The text of a stage-1 sample: markers, caption, newline; the human's request is left out.
    func renderPlain(images: Int, caption: MarkedText?) -> RenderedConversation {
        var writer = TurnWriter(
            format: self, rendered: RenderedConversation(wrapsImages: false))
        for _ in 0..<images {
            var marker = MarkedText(plain: ImageMarker.text)
            marker.markers = [0]
            writer.rendered.append(content: marker)
        }
        if let caption { writer.write(answer: caption) }
        return writer.rendered
    }
}

/// Writes the turns of one conversation.
private struct TurnWriter {
    let format: ChatFormat
    var rendered: RenderedConversation

    mutating func write(
        system: String?, turns: [ChatFormat.MarkedTurn], awaitingAnswer: Bool
    ) throws(ChatError) {
        var pending = try systemText(system)
        if format.systemPlace == .beforeTurns {
            write(system: pending)
            pending = nil
        }
        for (index, turn) in turns.enumerated() {
            switch turn.role {
            case .human:
                if index > 0 { rendered.append(structure: format.roundPrefix) }
                rendered.append(structure: format.userPrefix)
                write(request: turn.text, after: pending)
                pending = nil
                rendered.append(structure: format.userSuffix)
            case .assistant:
                rendered.append(structure: format.assistantPrefix)
                write(answer: turn.text)
            }
        }
        rendered.append(structure: awaitingAnswer ? format.assistantPrefix : format.closing)
    }

    /// The system text that is written, `nil` for none.
    private func systemText(_ given: String?) throws(ChatError) -> String? {
        guard let given else { return format.system.isEmpty ? nil : format.system }
        guard format.systemPlace != .nowhere else {
            throw ChatError(
                .unsuitableTemplate,
                "template \"\(format.name)\": expected no system message, found one; write what is "
                    + "meant into the first user message")
        }
        return given.isEmpty && !format.keepsEmptySystem ? nil : given
    }

    private mutating func write(system text: String?) {
        guard let text else { return }
        rendered.append(structure: format.systemPrefix)
        rendered.append(content: MarkedText(plain: text))
        rendered.append(structure: format.systemSuffix)
    }

    private mutating func write(request: MarkedText, after system: String?) {
        let start = rendered.bytes.count
        write(system: system)
        // The reference cuts system and request as one text, which begins with the system's prefix.
        rendered.append(content: format.trims && system == nil ? request.trimmed : request)
        if format.trims, system != nil { rendered.trimEnd(from: start) }
    }

    mutating func write(answer: MarkedText) {
        let start = rendered.bytes.count
        rendered.append(structure: format.answerPrefix)
        rendered.append(content: format.trims ? answer.trimmed : answer)
        rendered.append(structure: format.answerSuffix + format.endOfTurn)
        rendered.supervise(from: start)
        rendered.append(structure: format.turnSuffix)
    }
}
