/// Which things come more than once.
struct Repetitions: Sendable {
    // The number of the first one, doubled, and one more when there are others.
    private var first: [Fingerprint: Int] = [:]
    /// How many different things come more than once.
    private(set) var groups = 0

    /// Notes a thing.
    ///
    /// - Parameter number: its number, from 0.
    /// - Returns: the number of the first such thing; nil when this is it.
    mutating func add(_ fingerprint: Fingerprint, number: Int) -> Int? {
        guard let found = first[fingerprint] else {
            first[fingerprint] = number << 1
            return nil
        }
        if found & 1 == 0 {
            first[fingerprint] = found | 1
            groups += 1
        }
        return found >> 1
    }
}
