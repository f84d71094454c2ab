import MiphaChat
import MiphaFiles

extension TextExamination {
    /// Examines a chosen and a rejected answer.
    mutating func examineAnswers(_ answers: ConversationItem.Answers) {
        let missing = answers.all.filter { $0.text == nil }.map(\.key)
        if !missing.isEmpty {
            found(.missingAnswer, missing.joined(separator: " and ") + ": expected a text")
        }
        let texts = answers.all.compactMap { answer in
            answer.text.map { (key: answer.key, text: $0) }
        }
        if let (key, text) = texts.first(where: { WordCount.words(in: $0.text) == 0 }) {
            found(.emptyAnswer, "\(key): expected text, found \(text.quoted)")
        }
        if texts.count == 2, texts[0].text.hasSameBytes(as: texts[1].text) {
            found(.identicalAnswers, "chosen and rejected: both are \(texts[0].text.quoted)")
        }
        for (key, text) in texts {
            let bytes = Array(text.utf8)
            if bytes.holds(Array(ImageMarker.text.utf8)) {
                found(.markerInAnswer, "\(key): <image> in an answer")
                return
            }
        }
        for (key, text) in texts {
            let bytes = Array(text.utf8)
            guard let separator = separators.first(where: { bytes.holds($0) }) else { continue }
            found(
                .templateSeparator,
                "\(key): holds \(String(decoding: separator, as: UTF8.self).quoted)")
            return
        }
    }
}
