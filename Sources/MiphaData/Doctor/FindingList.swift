/// The findings of one kind: all are counted, the earliest are kept.
struct FindingList: Sendable {
    /// One finding.
    struct Finding: Sendable {
        /// The sample, or for images the first sample that names it.
        let sample: Int
        /// The image, in the order of first mention.
        let picture: Int?
        /// The sample's identifier.
        let id: String?
        /// What was found.
        let detail: String
    }

    private let limit: Int
    /// How many there are.
    private(set) var count = 0
    /// The earliest ones in order.
    private(set) var kept: [Finding] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts a finding and keeps it when it is early enough; `detail` is made only then.
    mutating func add(
        sample: Int, picture: Int? = nil, id: String? = nil, _ detail: () -> String
    ) {
        count += 1
        let key = (sample, picture ?? -1)
        if kept.count == limit {
            guard let last = kept.last, key < (last.sample, last.picture ?? -1) else { return }
            kept.removeLast()
        }
        let place = kept.lastIndex { ($0.sample, $0.picture ?? -1) <= key }.map { $0 + 1 } ?? 0
        kept.insert(
            Finding(sample: sample, picture: picture, id: id, detail: detail()), at: place)
    }
}
