import MiphaTokenizers

/// A prompt that waits for the model's answer.
public struct EncodedPrompt: Sendable, Hashable {
    /// Ids; `ImageMarker.id` (-200) stands for one image.
    public let ids: [Int]
    /// The text, with `<image>` where images stand.
    public let text: String
    /// The images in the order of their markers.
    public let images: [ImageReference]
}

extension ConversationEncoder {
    /// The prompt for the answer to the last message.
    ///
    /// Ends with the template's assistant prefix, for Phi and Gemma `ASSISTANT:` without a space.
    /// Images of a message stand in front of it, each followed by a newline, unless its text says
    /// where with as many `<image>` markers. For `plain` the prompt is the images alone, as in
    /// stage 1, where the request is not shown to the model.
    ///
    /// - Throws: `ChatError` with code `turnOrder`, `imageMarkers` or `unsuitableTemplate`.
    public func prompt(for messages: [ChatMessage]) throws(ChatError) -> EncodedPrompt {
        try checkOrder(messages)
        let images = messages.flatMap(\.images)
        let rendered: RenderedConversation
        if template.style == .plain {
            guard messages.count == 1, !images.isEmpty else {
                throw ChatError(
                    .unsuitableTemplate,
                    "template \"plain\": expected one user message with an image, found "
                        + "\(messages.count) messages and \(images.count) images")
            }
            rendered = template.renderPlain(images: images.count, caption: nil)
        } else {
            var system: String?
            var turns: [ChatFormat.MarkedTurn] = []
            for message in messages {
                switch message.role {
                case .system: system = message.text
                case .user: turns.append((.human, markedText(message)))
                case .assistant: turns.append((.assistant, MarkedText(plain: message.text)))
                }
            }
            rendered = try template.render(
                system: system, turns: turns, awaitingAnswer: true,
                wrapsImages: options.wrapsImages)
        }
        let ids = try tokens(of: rendered).map(\.id)
        return EncodedPrompt(ids: ids, text: rendered.text, images: images)
    }

    private func markedText(_ message: ChatMessage) -> MarkedText {
        let count = message.images.count
        let markers = UTF8Text.occurrences(of: ImageMarker.utf8, in: Array(message.text.utf8))
        guard count > 0, markers.count == count else {
            return MarkedText(prefixing: count, to: message.text)
        }
        return count == 1
            ? MarkedText(collapsing: message.text) : MarkedText(keeping: message.text)
    }

    private func checkOrder(_ messages: [ChatMessage]) throws(ChatError) {
        var expected = ChatMessage.Role.user
        for (index, message) in messages.enumerated() {
            if index == 0, message.role == .system { continue }
            guard message.role == expected else {
                throw ChatError(
                    .turnOrder,
                    "messages[\(index)].role: expected \"\(expected.rawValue)\", found "
                        + "\"\(message.role.rawValue)\"; one system message may come first, then "
                        + "user and assistant alternate")
            }
            expected = expected == .user ? .assistant : .user
        }
        guard expected == .assistant else {
            let found = messages.last.map { "\"\($0.role.rawValue)\"" } ?? "no message"
            throw ChatError(
                .turnOrder, "messages: expected a user message at the end, found \(found)")
        }
        for (index, message) in messages.enumerated() {
            guard message.role == .user || message.images.isEmpty else {
                throw ChatError(
                    .imageMarkers,
                    "messages[\(index)]: expected images in user messages only, found "
                        + "\(message.images.count) in a \(message.role.rawValue) message")
            }
        }
    }
}
