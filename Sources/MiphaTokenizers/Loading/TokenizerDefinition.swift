import MiphaFiles

/// What tokenizer files say, read and checked field by field but not yet built.
struct TokenizerDefinition: Sendable {
    /// Where the vocabulary is (file and key), for messages.
    var vocabularyPlace: String
    /// Where the merges are, for messages.
    var mergesPlace: String
    var vocabulary = Vocabulary(capacity: 0)
    /// How words become tokens.
    var kind = Kind.merges([])
    var addedTokens: [AddedToken] = []
    /// Ids that no text but their own added token becomes: control, unknown and byte pieces.
    var reserved: Set<Int> = []
    /// Ids of pieces that are taken wherever they stand.
    var userDefined: Set<Int> = []
    /// Tokens are written in GPT-2's byte alphabet, else as they are.
    var isByteLevel = true
    var normalizer: [NormalizerStep] = []
    /// Added tokens of the second pass are looked for as the normaliser changes them.
    var normalizesTokens = true
    var rules: [WordRule] = [.words]
    var blankMarks: BlankMarks?
    var addsPrefixSpace = false
    var decoder = DecoderSteps()
    var unknownToken: String?
    var fusesUnknown = false
    var byteFallback = false
    var ignoresMerges = false
    /// Written at the end of a word (`end_of_word_suffix`).
    var wordSuffix = ""
    /// The special token that a post-processor puts in front of a text.
    var leadingToken: String?
    /// Roles that the vocabulary's own file gives, where no other file does.
    var endToken: String?
    var paddingToken: String?
    /// Notes for the user.
    var notes: [String] = []

    /// The rules by which words become tokens.
    enum Kind: Sendable {
        /// Pairs that are merged, the first first.
        case merges([TokenizerMerge])
        /// Any two tokens that make a third are merged, that with the highest score first.
        case scoredMerges([Float])
        /// The tokens with the highest sum of scores; `rounds` says that sums have 32 bits.
        case unigram(scores: [Double], skipped: Set<Int>, rounds: Bool)
    }

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
