import MiphaFiles

/// How many samples set which keys that are on no list.
public struct KeyTally: Sendable, Equatable {
    /// A key and how many samples set it.
    public struct Entry: Sendable, Equatable {
        /// The key; `conversations[].key` for one of turns.
        public let key: String
        /// How many samples set it.
        public internal(set) var samples: Int
    }

    /// Names that are counted one by one; a file whose keys are data has any number of them.
    static let limit = 64

    /// The keys in order of first appearance.
    public private(set) var entries: [Entry] = []
    /// How many samples set keys beyond the first 64 different ones.
    public private(set) var samplesWithOthers = 0
    private var places: [ExactString: Int] = [:]

    /// Counts the keys of a sample, each of which stands once in the list.
    mutating func add(_ keys: [String]) {
        var hasOthers = false
        for key in keys {
            if let place = places[ExactString(key)] {
                entries[place].samples += 1
            } else if entries.count < Self.limit {
                places[ExactString(key)] = entries.count
                entries.append(Entry(key: key, samples: 1))
            } else {
                hasOthers = true
            }
        }
        if hasOthers { samplesWithOthers += 1 }
    }

    /// The keys with their counts, the most frequent first, in a line for people.
    public var text: String {
        let sorted = entries.sorted { $0.samples > $1.samples }
        var parts = sorted.prefix(12).map {
            "\($0.key.quoted) (\($0.samples) sample\($0.samples == 1 ? "" : "s"))"
        }
        let more = entries.count - parts.count
        if more > 0 { parts.append("\(more) more keys") }
        if samplesWithOthers > 0 { parts.append("others (\(samplesWithOthers) samples)") }
        return parts.joined(separator: ", ")
    }
}
