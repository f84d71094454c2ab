import MiphaFiles

/// What tokenizer files say, read and checked field by field but not yet built.
struct TokenizerDefinition: Sendable {
    /// Where the vocabulary is (file and key), for messages.
    var vocabularyPlace: String
    /// Where the merges are, for messages.
    var mergesPlace: String
    var vocabulary = Vocabulary(capacity: 0)
    var merges: [TokenizerMerge] = []
    var addedTokens: [AddedToken] = []
    var splitsWords = true
    var addsPrefixSpace = false
    var unknownToken: String?
    var fusesUnknown = false
    var byteFallback = false
    var ignoresMerges = false
    /// The id of the special token that a post-processor puts in front of a text.
    var leadingToken: String?

    /// The id a token has in the model or as an added token.
    func declaredID(of token: String) -> Int? {
        for added in addedTokens where added.content.utf8.elementsEqual(token.utf8) {
            return added.id
        }
        return vocabulary.id(of: token)
    }

    /// Adds a token; one that is there and becomes special takes the special one's rules.
    mutating func add(_ token: AddedToken) {
        let index = addedTokens.firstIndex { $0.content.utf8.elementsEqual(token.content.utf8) }
        guard let index else {
            addedTokens.append(token)
            return
        }
        if token.special, !addedTokens[index].special {
            let id = addedTokens[index].id
            addedTokens[index] = token
            addedTokens[index].id = id
        }
    }

    /// Reads a vocabulary object: token to id.
    static func vocabulary(of node: JSONNode) throws(TokenizerError) -> Vocabulary {
        let members = try node.members()
        let limit = Vocabulary.idLimit(tokens: members.count)
        var vocabulary = Vocabulary(capacity: members.count)
        for member in members {
            guard case .integer(let id) = member.value else {
                throw node.error(
                    .value, "token \"\(member.key)\": expected an id, found \(member.value.summary)"
                )
            }
            if let problem = vocabulary.add(member.key, id: id, limit: limit) {
                throw node.error(.value, "token \"\(member.key)\": \(problem)")
            }
        }
        return vocabulary
    }
}
