import MiphaChat
import MiphaFiles

/// What is wrong with the text of an item, found without looking at images.
struct TextExamination {
    /// One finding each kind at most.
    private(set) var findings: [(problem: DataProblem, detail: String)] = []

    private let item: ConversationItem
    let separators: [[UInt8]]
    private let wantsCaption: Bool

    /// Examines an item.
    ///
    /// - Parameters:
    ///   - separators: the texts of ``separators(of:)``.
    ///   - wantsCaption: whether the template takes one pair of turns, with an image in the first.
    init(_ item: ConversationItem, separators: [[UInt8]], wantsCaption: Bool = false) {
        self.item = item
        self.separators = separators
        self.wantsCaption = wantsCaption
        for (problem, clauses) in [
            (DataProblem.malformedEntry, item.faults.compactMap(\.finding)),
            (.refusedKey, item.keys.refusals),
        ] {
            guard let first = clauses.first else { continue }
            let more = clauses.count > 1 ? " (and \(clauses.count - 1) more)" : ""
            found(problem, first + more)
        }
        if !item.keys.unknown.isEmpty {
            let names = item.keys.unknown.map(\.quoted).joined(separator: ", ")
            found(.unknownKey, "not read: \(names)")
        }
        if let answers = item.answers { examineAnswers(answers) }
        guard let turns = item.turns else { return }
        let isOrdered = examineRoles(turns)
        examineTexts(turns)
        examineMarkers(turns, isOrdered: isOrdered)
        if item.images?.isEmpty == true { examineForeignMarkers(turns, isOrdered: isOrdered) }
    }

    /// Texts of a template that break the reference's label mask when a turn holds them: the end of a
    /// turn, and what stands between question and answer.
    static func separators(of template: ChatFormat) -> [[UInt8]] {
        guard template.style == .turns else { return [] }
        let middle = template.userSuffix + template.assistantPrefix + template.answerPrefix
        return [template.endOfTurn, middle].filter { !$0.isEmpty }.map { Array($0.utf8) }
    }

    mutating func found(_ problem: DataProblem, _ detail: String) {
        findings.append((problem, detail))
    }

    /// - Returns: whether human and assistant alternate.
    private mutating func examineRoles(_ turns: [ConversationItem.Turn]) -> Bool {
        let roles = turns.map(\.role)
        if let index = roles.firstIndex(of: nil) {
            found(
                .unknownRole,
                "conversations[\(index)].from: expected \"human\" or \"gpt\", found "
                    + turns[index].name.quoted)
        }
        let expected: (Int) -> ConversationSample.Role = {
            $0.isMultiple(of: 2) ? .human : .assistant
        }
        var isOrdered = !roles.contains(nil)
        if isOrdered, let index = roles.indices.first(where: { roles[$0] != expected($0) }) {
            isOrdered = false
            let name = expected(index) == .human ? "human" : "gpt"
            found(
                .roleOrder,
                "conversations[\(index)].from: expected \"\(name)\", found "
                    + turns[index].name.quoted)
        }
        if item.answers != nil {
            if isOrdered, turns.count.isMultiple(of: 2) {
                isOrdered = false
                found(
                    .roleOrder,
                    "conversations: expected a \"human\" turn at the end, before chosen and rejected"
                )
            }
            return isOrdered
        }
        if isOrdered, !roles.contains(.assistant) {
            found(.noAnswer, turns.isEmpty ? "no turn" : "one turn and no answer")
        }
        if !turns.count.isMultiple(of: 2) {
            found(.oddTurns, turns.count == 1 ? "1 turn" : "\(turns.count) turns")
        }
        return isOrdered
    }

    private mutating func examineTexts(_ turns: [ConversationItem.Turn]) {
        let words = turns.map { WordCount.words(in: $0.text) }
        let empty = words.indices.filter { words[$0] == 0 }
        if let first = empty.first {
            let more = empty.count > 1 ? " (and \(empty.count - 1) more)" : ""
            found(
                .emptyTurn,
                "conversations[\(first)].value: expected text, found "
                    + turns[first].text.quoted + more)
        }
        if empty.count == turns.count {
            found(.noWords, "no word in \(turns.count) turn\(turns.count == 1 ? "" : "s")")
        }
        for (index, turn) in turns.enumerated() {
            let bytes = Array(turn.text.utf8)
            guard let separator = separators.first(where: { bytes.holds($0) }) else { continue }
            found(
                .templateSeparator,
                "conversations[\(index)].value: holds "
                    + String(decoding: separator, as: UTF8.self).quoted)
            break
        }
    }

    private mutating func examineMarkers(_ turns: [ConversationItem.Turn], isOrdered: Bool) {
        let marker = Array(ImageMarker.text.utf8)
        var markers = 0
        var turnsWithMarkers = 0
        var answer: Int?
        for (index, turn) in turns.enumerated() {
            let count = Array(turn.text.utf8).count(of: marker)
            if isOrdered, turn.role == .assistant {
                if count > 0, answer == nil { answer = index }
            } else {
                markers += count
                if count > 0 { turnsWithMarkers += 1 }
            }
        }
        if let images = item.images, markers != images.count {
            // As the encoder of a run has it: one turn shows the only image, however often it says so.
            let isClear = isOrdered && images.count == 1 && turnsWithMarkers == 1
            found(
                isClear ? .repeatedMarker : .markerMismatch,
                "expected \(images.count) <image> for \(images.count) image"
                    + "\(images.count == 1 ? "" : "s"), found \(markers)")
        }
        if let answer {
            found(.markerInAnswer, "conversations[\(answer)].value: <image> in an answer")
        }
        let isCaption =
            turns.count == 2 && Array(turns[0].text.utf8).count(of: marker, limit: 1) > 0
        if wantsCaption, isOrdered, turns.count > 1, !isCaption {
            found(
                .notCaption,
                "expected two turns with <image> in the first, found \(turns.count) turns"
                    + (turns.count == 2 ? " without" : ""))
        }
    }
}

extension [UInt8] {
    /// Whether a text stands somewhere in this one.
    func holds(_ needle: [UInt8]) -> Bool { count(of: needle, limit: 1) > 0 }

    /// How often a text stands in this one, without overlap.
    func count(of needle: [UInt8], limit: Int = .max) -> Int {
        guard let first = needle.first, count >= needle.count else { return 0 }
        var found = 0
        var index = 0
        while index <= count - needle.count, found < limit {
            if self[index] == first,
                self[index..<index + needle.count].elementsEqual(needle)
            {
                found += 1
                index += needle.count
            } else {
                index += 1
            }
        }
        return found
    }
}
