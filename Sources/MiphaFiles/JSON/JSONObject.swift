/// The members of a JSON object in their order, each key once.
///
/// Keys compare by their bytes, not by Unicode equivalence.
public struct JSONObject: Sendable, Equatable {
    /// One key with its value.
    public struct Member: Sendable, Equatable {
        /// The key.
        public let key: String
        /// The value.
        public internal(set) var value: JSONValue

        /// Creates a member.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    // Small objects, by far the most, are searched one by one.
    private static let indexedFrom = 12

    /// The members in order.
    public private(set) var members: [Member] = []
    private var positions: [ExactString: Int] = [:]

    /// Creates an object without members.
    public init() {}

    /// Creates an object from members; of equal keys the last value wins, at the first position.
    public init(_ members: [Member]) {
        for member in members { self[member.key] = member.value }
    }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// The number of members.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The value of a key, or nil when absent.
    ///
    /// Assigning to a known key keeps its position, to a new key appends, assigning nil removes.
    public subscript(key: String) -> JSONValue? {
        get {
            position(of: key).map { members[$0].value }
        }
        set {
            let position = position(of: key)
            switch (position, newValue) {
            case (.some(let position), .some(let value)):
                members[position].value = value
            case (.some(let position), .none):
                members.remove(at: position)
                reindex()
            case (.none, .some(let value)):
                _ = append(key: key, value: value)
            case (.none, .none):
                break
            }
        }
    }

    /// Compares keys, values and order.
    public static func == (left: Self, right: Self) -> Bool {
        left.members == right.members
    }

    /// Adds a member at the end unless the key is taken.
    ///
    /// - Returns: whether the member was added.
    public mutating func append(key: String, value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        members.append(Member(key: key, value: value))
        if members.count == Self.indexedFrom {
            reindex()
        } else if members.count > Self.indexedFrom {
            positions[ExactString(key)] = members.count - 1
        }
        return true
    }

    private func position(of key: String) -> Int? {
        if members.count >= Self.indexedFrom { return positions[ExactString(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }

    private mutating func reindex() {
        positions.removeAll()
        guard members.count >= Self.indexedFrom else { return }
        for (position, member) in members.enumerated() {
            positions[ExactString(member.key)] = position
        }
    }
}
