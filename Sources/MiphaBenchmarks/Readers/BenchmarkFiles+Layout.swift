import MiphaFiles

extension BenchmarkFiles {
    /// Finds a benchmark's files: a folder or archive with its name inside `data`, or `data` itself.
    ///
    /// - Throws: `EvaluationError` when there is nothing.
    public init(_ data: String, for card: BenchmarkCard) throws(EvaluationError) {
        for name in [card.id] + card.folders {
            for path in [FileSystem.join(data, name), FileSystem.join(data, name + ".zip")]
            where FileSystem.kind(path) != nil {
                try self.init(path)
                return
            }
        }
        try self.init(data)
    }
}
