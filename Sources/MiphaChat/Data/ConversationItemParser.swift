import MiphaFiles

/// Walks once over an item of a conversation file and reports its faults to a sink.
///
/// A sink that throws ends the walk at the first fault. Otherwise the walk goes on with what can
/// still be understood.
struct ConversationItemParser<Sink: ItemFaultSink> {
    var sink: Sink
    /// What the item is read as; nil for a pair of answers where it has one, else a conversation.
    let form: SampleForm?
    /// What stands under keys that are not read.
    var keys = ItemKeyFindings()
    /// The used keys so far.
    var seen = ItemKeySet()
    private(set) var id: String?
    /// The paths under `image` and `images`.
    private(set) var images: [String] = []
    /// Whether ``images`` are the item's images; not after faults that leave it open.
    private(set) var areImagesKnown = true
    /// The turns; nil when they are missing or not whole.
    private(set) var turns: [Sink.Turn]?
    /// What only items with a pair of answers have.
    var pair = PairParts<Sink.Turn>()
    /// The first key of a turn that only items with a pair of answers have, where it is not yet known
    /// whether this is one.
    var pairKey: String?
    /// Whether paths came under a key after others came under another.
    private var namesImagesTwice = false
    /// How many of the refusals among ``keys`` were reported.
    private var refusalsReported = 0

    init(sink: Sink, form: SampleForm?) {
        self.sink = sink
        self.form = form
    }

    /// Reads the item at a cursor.
    ///
    /// - Throws: what the sink throws; `FileError` for malformed JSON.
    mutating func parse(_ cursor: inout JSONCursor) throws {
        guard cursor.kind == .object else {
            areImagesKnown = false
            return try refuse(&cursor, nil, "an object")
        }
        try cursor.beginObject()
        while let key = try cursor.nextKey() { try read(&cursor, key) }
        try finish()
    }

    private mutating func read(_ cursor: inout JSONCursor, _ key: String) throws {
        switch key {
        case "id":
            try once(key, .id)
            try readID(&cursor)
        case "image":
            try once(key, .image)
            try readImages(&cursor, key)
        case "images":
            try once(key, .images)
            try readImages(&cursor, key)
        case "conversations":
            try once(key, .conversations)
            turns = try readTurns(&cursor, key)
        case "prompt": try readQuestionKey(&cursor, key, .prompt)
        case "question": try readQuestionKey(&cursor, key, .question)
        case "chosen": try readAnswerKey(&cursor, key, .chosen)
        case "rejected": try readAnswerKey(&cursor, key, .rejected)
        default: try keys.pass(&cursor, key)
        }
    }

    /// Judges what depends on the item as a whole.
    private mutating func finish() throws {
        if namesImagesTwice {
            areImagesKnown = false
            try fault(.twoImageKeys)
        }
        try readPostponed()
        let question = questionTurns(images: areImagesKnown ? images.count : 0)
        keys.finish(hasImages: areImagesKnown && !images.isEmpty)
        try reportRefusals()
        if keys.hidesImages { areImagesKnown = false }
        if isPair {
            if !seen.contains(.conversations) { turns = question }
            return try finishPair()
        }
        if let pairKey {
            turns = nil
            try fault(.pairKey(place: pairKey))
        }
        if !seen.contains(.conversations) {
            try fault(.noConversation(unknownKeys: keys.unknown))
        }
    }

    // MARK: Faults

    /// Reports a fault; what was read of the item stands, and reading goes on unless this throws.
    mutating func fault(_ fault: ItemFault) throws(ChatError) {
        try sink.take(fault, id: id)
    }

    /// Reports a value of the wrong kind and moves past it; for one that is no value, the cursor's
    /// own error.
    mutating func refuse(
        _ cursor: inout JSONCursor, _ place: String?, _ expected: String
    ) throws {
        guard let kind = cursor.kind else {
            try cursor.skip()
            throw cursor.failure("expected a value")
        }
        try fault(.kind(place: place, expected: expected, found: kind))
        try cursor.skip()
    }

    /// Reports the refused keys that were found since the last call.
    mutating func reportRefusals() throws(ChatError) {
        while refusalsReported < keys.refusals.count {
            refusalsReported += 1
            try fault(.refusedKey(keys.refusals[refusalsReported - 1]))
        }
    }

    /// Refuses a key that was read before, since it is not certain which value counts.
    mutating func once(_ name: String, _ key: ItemKeySet) throws(ChatError) {
        if !seen.insert(key).inserted { try fault(.repeatedKey(name)) }
    }

    // MARK: Values

    private mutating func readID(_ cursor: inout JSONCursor) throws {
        switch cursor.kind {
        case .string, .number: id = try cursor.stringOrNumber()
        case .null: try cursor.skip()
        default: try refuse(&cursor, "id", "a string or a number")
        }
    }

    private mutating func readImages(_ cursor: inout JSONCursor, _ key: String) throws {
        let count = images.count
        switch cursor.kind {
        case .string where key == "image": try readImage(&cursor, key)
        case .null: try cursor.skip()
        case .array:
            var index = 0
            try cursor.beginArray()
            while try cursor.nextElement() {
                try readImage(&cursor, "\(key)[\(index)]")
                index += 1
            }
        default:
            areImagesKnown = false
            try refuse(&cursor, key, ItemImages.expected(key))
        }
        if count > 0, images.count > count, areImagesKnown { namesImagesTwice = true }
    }

    private mutating func readImage(
        _ cursor: inout JSONCursor, _ place: @autoclosure () -> String
    ) throws {
        guard cursor.kind == .string else {
            areImagesKnown = false
            return try refuse(&cursor, place(), "a path")
        }
        let path = try cursor.string()
        if let words = ItemImages.fault(in: path) {
            areImagesKnown = false
            try fault(.path(place: place(), words: words))
        }
        images.append(path)
    }
}

extension ConversationItemParser<FaultThrower> {
    /// What a walk without a fault has read.
    ///
    /// - Throws: `ChatError` when it has read no turns.
    func sample() throws(ChatError) -> ConversationSample {
        guard let turns else {
            throw sink.error(.noConversation(unknownKeys: keys.unknown), id: id)
        }
        var answers: AnswerPair?
        if let chosen = pair.chosen, let rejected = pair.rejected {
            answers = AnswerPair(chosen: chosen, rejected: rejected)
        }
        return ConversationSample(id: id, images: images, turns: turns, answers: answers)
    }
}

/// The keys of an item that are read.
struct ItemKeySet: OptionSet {
    let rawValue: UInt8

    static let id = ItemKeySet(rawValue: 1)
    static let image = ItemKeySet(rawValue: 2)
    static let images = ItemKeySet(rawValue: 4)
    static let conversations = ItemKeySet(rawValue: 8)
    static let prompt = ItemKeySet(rawValue: 16)
    static let question = ItemKeySet(rawValue: 32)
    static let chosen = ItemKeySet(rawValue: 64)
    static let rejected = ItemKeySet(rawValue: 128)

    /// The keys of a pair of answers.
    static let answers: ItemKeySet = [.chosen, .rejected]
    /// The keys of a question besides `conversations`.
    static let questions: ItemKeySet = [.prompt, .question]
}
