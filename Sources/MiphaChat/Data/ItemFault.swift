package import MiphaFiles

/// What is wrong with an item of a conversation file.
///
/// A place is the path of a value in the item, such as `conversations[2].from`.
package enum ItemFault: Sendable, Hashable {
    /// A value of another kind than expected; without a place, the item itself.
    case kind(place: String?, expected: String, found: JSONKind)
    /// A key of the item that comes twice.
    case repeatedKey(String)
    /// A path of an image that names no file; `words` say why.
    case path(place: String, words: String)
    /// Paths under both keys of images.
    case twoImageKeys
    /// A key that is refused, in the words of ``ItemKeyFindings/refusals``.
    case refusedKey(String)

    /// A turn of an unknown speaker.
    case unknownRole(place: String, name: String)
    /// A second role or text in a turn, after one under the key `other`.
    case repeatedPart(place: String, key: String, other: String)
    /// A turn without a role or a text.
    case missingPart(place: String)
    /// A key of a turn that is read with a pair of answers only.
    case pairKey(place: String)
    /// No turns, and what the item has instead.
    case noConversation(unknownKeys: [String])

    /// A pair of answers without a question.
    case noQuestion
    /// Two questions, under the keys.
    case twoQuestions(String, String)
    /// A pair of answers without the one of the key.
    case noAnswer(key: String)
    /// An answer that is a list of turns, but not of one.
    case turnCount(key: String, count: Int)
    /// An answer that is a turn of another speaker than the assistant.
    case notAssistant(key: String, name: String)
}

extension ItemFault {
    /// The fault in an error message, after the item's number and identifier.
    package var clause: String {
        switch self {
        case .kind(let place?, _, _): "key \"\(place)\": \(words)"
        case .path(let place, _), .unknownRole(let place, _), .pairKey(let place):
            "key \"\(place)\": \(words)"
        case .repeatedPart(let place, let key, _): "key \"\(place).\(key)\": \(words)"
        case .turnCount(let key, _), .notAssistant(let key, _): "key \"\(key)\": \(words)"
        case .repeatedKey(let key): "key \"\(key)\" comes twice; leave one out"
        case .missingPart(let place): "key \"\(place)\" is missing"
        case .twoImageKeys: "keys \"image\" and \"images\": both name images; leave one out"
        case .noConversation(let keys):
            "key \"conversations\" is missing; expected an array of turns"
                + (keys.isEmpty
                    ? ""
                    : ", found the keys " + keys.prefix(8).map(\.quoted).joined(separator: ", "))
        case .noQuestion:
            "key \"conversations\" is missing; expected turns there, or a text under \"prompt\" or "
                + "\"question\""
        case .noAnswer(let key): "key \"\(key)\" is missing; expected a text or a turn"
        case .kind, .refusedKey, .twoQuestions: words
        }
    }

    /// The fault in the list of a check of data; nil for what the check reports in its own classes:
    /// refused keys, unknown roles and missing answers.
    package var finding: String? {
        switch self {
        case .refusedKey, .unknownRole, .noAnswer, .turnCount(_, 0): nil
        case .kind(let place?, _, _): "\(place): \(words)"
        case .path(let place, _): "\(place): \(words)"
        case .repeatedPart(let place, let key, _): "\(place).\(key): \(words)"
        case .turnCount(let key, _), .notAssistant(let key, _): "\(key): \(words)"
        case .pairKey(let place): "\(place) \(words)"
        case .repeatedKey(let key): "the key \"\(key)\" comes twice"
        case .missingPart(let place): "\(place) is missing"
        case .twoImageKeys: "image and images both name images"
        case .noConversation, .noQuestion: "the key \"conversations\" is missing"
        case .kind, .twoQuestions: words
        }
    }

    /// What is wrong, without the place where both ways of reporting name it.
    private var words: String {
        switch self {
        case .kind(_, let expected, let found): "expected \(expected), found \(found.words)"
        case .path(_, let words), .refusedKey(let words): words
        case .unknownRole(_, let name):
            "expected \"human\" or \"gpt\" (also \"user\", \"assistant\"), found \"\(name)\""
        case .repeatedPart(_, let key, let other):
            key == other
                ? "comes twice; leave one out"
                : "the turn has a \(key == "from" || key == "role" ? "role" : "text") already, "
                    + "under \"\(other)\"; leave one of them out"
        case .pairKey:
            "is read with a pair of answers only; expected \"from\" (human or gpt) and \"value\""
        case .twoQuestions(let first, let second):
            "keys \"\(first)\" and \"\(second)\": both hold the question; leave one out"
        case .turnCount(_, let count): "expected one turn, found \(count)"
        case .notAssistant(_, let name): "expected a turn of \"gpt\", found one of \(name.quoted)"
        case .repeatedKey, .missingPart, .twoImageKeys, .noConversation, .noQuestion, .noAnswer: ""
        }
    }
}
