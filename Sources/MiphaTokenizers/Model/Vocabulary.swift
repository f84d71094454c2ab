/// Tokens by id and ids by token.
///
/// Tokens are compared byte by byte: Swift's own string equality would take two canonically
/// equivalent tokens for one.
struct Vocabulary: Sendable {
    /// The token of every id, nil where an id is not used.
    private(set) var contents: [String?]
    /// How many ids are used.
    private(set) var count = 0

    private var slots: [UInt32]

    /// The most that ids may exceed the number of tokens, so that a wrong id cannot ask for
    /// gigabytes.
    static func idLimit(tokens: Int) -> Int { tokens * 4 + 65_536 }

    /// An empty vocabulary with room for `capacity` tokens.
    init(capacity: Int) {
        var slotCount = 64
        while slotCount < capacity * 2 { slotCount *= 2 }
        contents = []
        contents.reserveCapacity(capacity)
        slots = Array(repeating: 0, count: slotCount)
    }

    /// Adds a token; returns what is wrong, or nil.
    mutating func add(_ token: String, id: Int, limit: Int) -> String? {
        guard id >= 0 else { return "id \(id) is negative" }
        guard id < limit else { return "id \(id) is too large for the number of tokens" }
        if let existing = self.id(of: token) {
            return "token \"\(token)\" has two ids, \(existing) and \(id)"
        }
        while contents.count <= id { contents.append(nil) }
        if let other = contents[id] {
            return "id \(id) is used by \"\(other)\" and by \"\(token)\""
        }
        contents[id] = token
        count += 1
        if count * 2 > slots.count {
            slots = Array(repeating: 0, count: slots.count * 2)
            for (id, content) in contents.enumerated() {
                if let content { index(content, id) }
            }
        } else {
            index(token, id)
        }
        return nil
    }

    private mutating func index(_ token: String, _ id: Int) {
        let mask = slots.count - 1
        var index = Self.hash(token, "") & mask
        while slots[index] != 0 { index = (index + 1) & mask }
        slots[index] = UInt32(id + 1)
    }

    /// The id of the token `first + second`.
    func id(of first: String, _ second: String = "") -> Int? {
        let mask = slots.count - 1
        var index = Self.hash(first, second) & mask
        while slots[index] != 0 {
            let id = Int(slots[index]) - 1
            if let candidate = contents[id], Self.matches(candidate, first, second) { return id }
            index = (index + 1) & mask
        }
        return nil
    }

    /// The id of the token with these bytes.
    func id(ofBytes bytes: ArraySlice<UInt8>) -> Int? {
        let mask = slots.count - 1
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var index = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
        while slots[index] != 0 {
            let id = Int(slots[index]) - 1
            if let candidate = contents[id], candidate.utf8.elementsEqual(bytes) { return id }
            index = (index + 1) & mask
        }
        return nil
    }

    func content(of id: Int) -> String? {
        contents.indices.contains(id) ? contents[id] : nil
    }

    private static func matches(_ candidate: String, _ first: String, _ second: String) -> Bool {
        guard candidate.utf8.count == first.utf8.count + second.utf8.count else { return false }
        var left = first.utf8.makeIterator()
        var right = second.utf8.makeIterator()
        for byte in candidate.utf8 {
            guard let other = left.next() ?? right.next(), other == byte else { return false }
        }
        return true
    }

    private static func hash(_ first: String, _ second: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in first.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in second.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
