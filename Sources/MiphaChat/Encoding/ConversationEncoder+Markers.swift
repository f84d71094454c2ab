extension ConversationEncoder {
    /// The turns with their image markers found, counted and put in place.
    ///
    /// One marker of a turn moves to its front, as the reference does; several stay where they were
    /// written, except that a sample with one image has them collapsed to one when all stand in the
    /// same turn. The reference collapses the markers of every turn to one, which loses images, and
    /// does not compare them with the number of images.
    func markedTurns(
        _ sample: ConversationSample
    ) throws(ChatError) -> [ChatFormat.MarkedTurn] {
        let counts = sample.turns.map {
            UTF8Text.occurrences(of: ImageMarker.utf8, in: Array($0.text.utf8)).count
        }
        let isTextOnly = options.markers == .literal && sample.images.isEmpty
        if !isTextOnly { try checkMarkers(sample, counts) }
        let humanTurnsWithMarkers = zip(sample.turns, counts).count {
            $0.role == .human && $1 > 0
        }
        let collapses =
            options.markers != .assumed && sample.images.count == 1 && humanTurnsWithMarkers == 1
        var turns: [ChatFormat.MarkedTurn] = []
        for (turn, count) in zip(sample.turns, counts) {
            let text: MarkedText
            if isTextOnly || turn.role == .assistant || count == 0 {
                text = MarkedText(plain: turn.text)
            } else if count == 1 || collapses {
                text = MarkedText(collapsing: turn.text)
            } else {
                text = MarkedText(keeping: turn.text)
            }
            turns.append((turn.role, text))
        }
        return turns
    }

    private func checkMarkers(
        _ sample: ConversationSample, _ counts: [Int]
    ) throws(ChatError) {
        var total = 0
        var turnsWithMarkers = 0
        for (index, turn) in sample.turns.enumerated() where counts[index] > 0 {
            if turn.role == .human {
                total += counts[index]
                turnsWithMarkers += 1
            } else if options.markers != .literal {
                throw ChatError(
                    .imageMarkers,
                    "\(sample.label)conversations[\(index)].value: <image> in an answer; markers "
                        + "belong into human turns, so take it out of the answer")
            }
        }
        let images = sample.images.count
        let collapses = images == 1 && turnsWithMarkers == 1
        guard options.markers != .assumed, total != images, !collapses else { return }
        let hint: String
        if images == 0 {
            hint = "name the image under \"image\", or take the marker out of the text"
        } else if total == 0 {
            hint = "put <image> into the human turn that shows it"
        } else {
            hint = "write one <image> for each image"
        }
        throw ChatError(
            .imageMarkers,
            "\(sample.label)conversations: expected \(images) <image> "
                + "\(images == 1 ? "marker" : "markers") for \(images) "
                + "\(images == 1 ? "image" : "images"), found \(total); \(hint)")
    }
}
