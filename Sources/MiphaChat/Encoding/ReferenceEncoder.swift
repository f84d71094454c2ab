/// Makes ids and labels exactly as the reference does, its quirks included.
///
/// Reference: zhuyiche/llava-phi, `mipha/train/train.py` (`preprocess_multimodal`,
/// `preprocess_v0`, `preprocess_gemma_1`, `preprocess_plain`). A leading answer is dropped; an
/// empty text renders its role without separator; markers of a turn collapse to one; an answer
/// that holds ` ASSISTANT: ` or the end of turn upsets the count and masks the sample.
struct ReferenceEncoder {
    let tokenizer: any TextTokenizer
    let template: ChatFormat
    let options: EncodingOptions

    /// Ids and labels of a training conversation.
    func encode(_ sample: ConversationSample) throws(ChatError) -> EncodedSample {
        var turns = sample.turns
        if turns.first?.role == .assistant { turns.removeFirst() }
        let remaining = ConversationSample(id: sample.id, images: sample.images, turns: turns)
        if turns.count != 1 || turns[0].role != .human { try remaining.checkTurnOrder() }
        let hasMarker = turns.contains {
            !UTF8Text.occurrences(of: ImageMarker.utf8, in: Array($0.text.utf8)).isEmpty
        }
        let hasImage = options.markers == .assumed ? hasMarker : !sample.images.isEmpty
        let texts = turns.map { turn in
            guard hasImage else { return Array(turn.text.utf8) }
            let bytes = MarkedText(collapsing: turn.text).bytes
            guard options.wrapsImages else { return bytes }
            let wrapped = ImageMarker.startText + ImageMarker.text + ImageMarker.endText
            let marker = Array(wrapped.utf8)
            return Array(UTF8Text.split(bytes, by: ImageMarker.utf8).joined(separator: marker))
        }
        var encoded: EncodedSample
        if template.style == .plain {
            encoded = try encodePlain(sample, texts)
        } else {
            encoded = encodeRounds(texts, hasImage: hasImage)
        }
        encoded.truncate(to: options.maximumLength)
        return encoded
    }

    private func encodePlain(
        _ sample: ConversationSample, _ texts: [[UInt8]]
    ) throws(ChatError) -> EncodedSample {
        guard texts.count == 2,
            !UTF8Text.occurrences(of: ImageMarker.utf8, in: texts[0]).isEmpty
        else {
            throw ChatError(
                .unsuitableTemplate,
                "\(sample.label)template \"plain\": expected two turns with <image> in the first")
        }
        let text = ImageMarker.utf8 + texts[1] + Array(template.endOfTurn.utf8)
        let ids = self.ids(of: text, splitsAtMarkers: true)
        let masked = self.ids(of: ImageMarker.utf8, splitsAtMarkers: true).count
        var labels = ids
        for index in 0..<min(masked, labels.count) { labels[index] = IgnoredLabel.id }
        return EncodedSample(ids: ids, labels: labels, referenceOutcome: .kept)
    }

    private func text(of texts: [[UInt8]]) -> [UInt8] {
        var bytes = Array((template.system + template.systemSuffix).utf8)
        let user = String(template.userPrefix.dropLast())
        let assistant = template.assistantPrefix + template.answerPrefix
        for (index, text) in texts.enumerated() {
            let isHuman = index.isMultiple(of: 2)
            if text.isEmpty {
                bytes += Array((isHuman ? user : template.assistantPrefix).utf8)
            } else {
                bytes += Array((isHuman ? template.userPrefix : assistant).utf8) + text
                bytes += Array((isHuman ? template.userSuffix : template.endOfTurn).utf8)
            }
        }
        return bytes
    }

    private func encodeRounds(_ texts: [[UInt8]], hasImage: Bool) -> EncodedSample {
        let bytes = text(of: texts)
        let endOfTurn = Array(template.endOfTurn.utf8)
        let separator = Array((template.userSuffix + template.assistantPrefix + " ").utf8)
        let beginsWithText = template.referenceMask == .beginsWithText
        let limit = options.maximumLength ?? Int.max

        var ids = self.ids(of: bytes, splitsAtMarkers: hasImage)
        let cut = hasImage ? 0 : max(ids.count - limit, 0)
        ids.removeLast(cut)
        var labels = ids
        let rounds = UTF8Text.split(bytes, by: endOfTurn)
        // Otherwise the reference pads with the end of text, whatever the tokenizer's files say.
        let padID = beginsWithText ? tokenizer.padID : tokenizer.id(of: template.endOfTurn)
        var total = ids.count { $0 != padID }
        if !beginsWithText { total += rounds.count - 1 }

        func mask(_ range: Range<Int>) {
            for index in range.clamped(to: 0..<labels.count) { labels[index] = IgnoredLabel.id }
        }
        var current = beginsWithText ? 1 : 0
        mask(0..<current)
        for round in rounds {
            if round.isEmpty { break }
            let parts = UTF8Text.split(round, by: separator)
            guard parts.count == 2 else { break }
            let roundCount = self.ids(of: round, splitsAtMarkers: hasImage).count
            let prefixCount = self.ids(of: parts[0] + separator, splitsAtMarkers: hasImage).count
            let instruction = max(prefixCount - (beginsWithText ? 2 : 1), 0)
            mask(current..<(current + instruction))
            current += beginsWithText ? roundCount : roundCount + 1
        }
        if current < labels.count { mask(current..<labels.count) }

        var outcome = ReferenceOutcome.kept
        if current != total {
            outcome = .keptUnchecked(counted: current, expected: total)
            if current < limit {
                outcome = .masked(counted: current, expected: total)
                mask(0..<labels.count)
            }
        }
        return EncodedSample(
            ids: ids, labels: labels, truncatedCount: cut, referenceOutcome: outcome)
    }

    /// Ids of a text in which every `<image>` is a marker, as the reference tokenises.
    private func ids(of bytes: [UInt8], splitsAtMarkers: Bool) -> [Int] {
        guard splitsAtMarkers else {
            return tokenizer.beginning + tokenizer.encode(UTF8Text.string(bytes))
        }
        var ids = tokenizer.beginning
        for (index, part) in UTF8Text.split(bytes, by: ImageMarker.utf8).enumerated() {
            if index > 0 { ids.append(ImageMarker.id) }
            ids += tokenizer.encode(UTF8Text.string(part))
        }
        return ids
    }
}
