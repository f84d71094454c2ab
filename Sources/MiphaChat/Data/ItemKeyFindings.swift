package import MiphaFiles

/// What an item says under keys that are not read.
package struct ItemKeyFindings: Sendable {
    /// Why the item is refused, a clause for each key, which it names.
    package private(set) var refusals: [String] = []
    /// Keys on no list that are set, each once; those of turns as `conversations[].key`.
    package private(set) var unknown: [String] = []
    /// Whether a refused key holds images, so that nothing is known about the item's.
    package private(set) var hidesImages = false

    /// Keys for images that count only when the item names none otherwise.
    private var otherImages: [(key: String, clause: String)] = []

    package init() {}

    /// Moves past the value of a key that is not read, and notes what it means.
    ///
    /// - Parameters:
    ///   - place: what holds the key.
    ///   - owner: the path of the turn, such as `conversations[2]`, for messages.
    package mutating func pass(
        _ cursor: inout JSONCursor, _ key: String, of place: ItemKeyGroup.Place = .item,
        in owner: @autoclosure () -> String = ""
    ) throws(FileError) {
        let known = ItemKeyTable.shared.group(of: key, place)
        if let known, known.group.use == .irrelevant { return try cursor.skip() }
        let kind = cursor.kind
        let value = try PassedValue(&cursor)
        guard !value.isEmpty else { return }
        guard let known else { return note(unknown: key, of: place, in: owner()) }
        guard value.isSet(known.group.sensitivity) else { return }
        let path = place == .item ? key : "\(owner()).\(key)"
        let spelling =
            key == known.name ? "" : ", which is not \"\(known.name)\" to the letter"
        // A known key under another spelling is taken for what it was meant to be.
        let advice =
            known.group.use == .used ? "write \"\(known.name)\"" : known.group.adviceInQuotes
        let clause =
            "key \"\(path)\"\(spelling): found \(kind?.words ?? "a value"), which is not read; \(advice)"
        switch known.group.use {
        case .refusedWithoutImages: otherImages.append((key, clause))
        default:
            refusals.append(clause)
            hidesImages = hidesImages || known.holdsImages
        }
    }

    /// Judges what depends on the item as a whole.
    ///
    /// - Parameter hasImages: whether it names images under a key that is read.
    package mutating func finish(hasImages: Bool) {
        for (key, clause) in otherImages {
            if hasImages {
                note(unknown: key, of: .item, in: "")
            } else {
                refusals.append(clause)
                hidesImages = true
            }
        }
        otherImages = []
    }

    /// Moves past the value of a known key that says nothing in the form that items are read in.
    package mutating func passOver(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) {
        if try !PassedValue(&cursor).isEmpty { note(unknown: key, of: .item, in: "") }
    }

    private mutating func note(unknown key: String, of place: ItemKeyGroup.Place, in owner: String)
    {
        let base = owner.prefix { $0 != "[" }
        let name = place == .item ? key : base == owner ? "\(owner).\(key)" : "\(base)[].\(key)"
        if !unknown.contains(name) { unknown.append(name) }
    }
}

/// The known keys by name.
struct ItemKeyTable: Sendable {
    /// A known key that a key of a file is, or was meant to be.
    struct Match: Sendable {
        let name: String
        let group: ItemKeyGroup

        /// Whether it stands for images, videos or sounds.
        var holdsImages: Bool {
            ["image", "video", "audio"].contains { name.hasPrefix($0) }
        }
    }

    static let shared = ItemKeyTable(ItemKeyGroup.all)

    private var exact: [ItemKeyGroup.Place: [String: Match]] = [:]
    /// Keys that change what is learned, by their letters and digits alone.
    private var similar: [ItemKeyGroup.Place: [String: Match]] = [:]

    init(_ groups: [ItemKeyGroup]) {
        for group in groups {
            for name in group.names {
                let match = Match(name: name, group: group)
                exact[group.place, default: [:]][name] = match
                guard group.use != .irrelevant, !Self.common.contains(name) else { continue }
                let letters = Self.letters(name)
                if similar[group.place]?[letters] == nil {
                    similar[group.place, default: [:]][letters] = match
                }
            }
        }
    }

    /// Words that other data have as keys too, in any spelling.
    private static let common: Set = ["id", "prompt", "question"]

    /// The key that a key is, or that it is except for capitals, whitespace and punctuation.
    func group(of key: String, _ place: ItemKeyGroup.Place) -> Match? {
        exact[place]?[key] ?? similar[place]?[Self.letters(key)]
    }

    private static func letters(_ key: String) -> String {
        key.lowercased().filter { $0.isLetter || $0.isNumber }
    }
}

extension ItemKeyGroup {
    /// The words with keys in quotation marks, for messages.
    var adviceInQuotes: String { words.replacing("`", with: "\"") }
}

/// What matters of a value that is not read.
private struct PassedValue {
    var isEmpty = false
    var isOne = false
    var isContainer = false

    /// Moves past the value.
    init(_ cursor: inout JSONCursor) throws(FileError) {
        switch cursor.kind {
        case .null:
            isEmpty = true
            try cursor.skip()
        case .string: isEmpty = try cursor.string().isEmpty
        case .array, .object:
            isContainer = true
            let bytes = cursor
            try cursor.skip()
            isEmpty = try Self.isEmpty(bytes)
        case .number: isOne = ["1", "1.0"].contains(try cursor.stringOrNumber())
        case .bool: isOne = try cursor.bool()
        case nil: try cursor.skip()
        }
    }

    func isSet(_ sensitivity: ItemKeyGroup.Sensitivity) -> Bool {
        switch sensitivity {
        case .all: true
        case .unlessOne: !isOne
        case .containers: isContainer
        }
    }

    private static func isEmpty(_ start: JSONCursor) throws(FileError) -> Bool {
        var cursor = start
        if cursor.kind == .array {
            try cursor.beginArray()
            return try !cursor.nextElement()
        }
        try cursor.beginObject()
        return try cursor.nextKey() == nil
    }
}
