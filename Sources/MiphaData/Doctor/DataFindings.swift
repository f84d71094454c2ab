import Synchronization

/// The findings of all kinds, which any thread may add to.
final class DataFindings: Sendable {
    private let lists: Mutex<[DataProblem: FindingList]>

    init(limit: Int) {
        var lists: [DataProblem: FindingList] = [:]
        for problem in DataProblem.allCases { lists[problem] = FindingList(limit: max(limit, 0)) }
        self.lists = Mutex(lists)
    }

    /// Counts a finding.
    func add(
        _ problem: DataProblem, sample: Int, picture: Int? = nil, id: String? = nil,
        _ detail: () -> String
    ) {
        lists.withLock {
            $0[problem]?.add(sample: sample, picture: picture, id: id, detail)
        }
    }

    /// The findings of a kind so far.
    subscript(problem: DataProblem) -> FindingList {
        lists.withLock { $0[problem] } ?? FindingList(limit: 0)
    }
}
