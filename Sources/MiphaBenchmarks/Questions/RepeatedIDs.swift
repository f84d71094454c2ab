/// Makes the ids of questions distinct where the authors' files repeat them.
///
/// MME gives both questions on an image one id, SEED-Bench has one id twice. The second question
/// with an id gets `#2` after it, the third `#3`; the official tools still find such an id,
/// because they cut it at the first period or look the question up by its own id.
struct RepeatedIDs: Sendable {
    private var counts: [QuestionID: Int] = [:]

    /// The id, made distinct from those before.
    mutating func distinct(_ id: QuestionID) -> QuestionID {
        let count = counts[id, default: 0] + 1
        counts[id] = count
        return count == 1 ? id : QuestionID("\(id.text)#\(count)")
    }

    /// The id without what ``distinct(_:)`` appended, and the number of the question.
    static func original(_ id: QuestionID) -> (text: String, number: Int?) {
        guard let mark = id.text.utf8.lastIndex(of: UInt8(ascii: "#")),
            let number = Int(id.text[id.text.index(after: mark)...]), number > 1
        else { return (id.text, nil) }
        return (String(id.text[..<mark]), number)
    }
}
