import MiphaFiles

extension LLaVABench {
    /// Sums of the two scores, in the order of the file.
    private struct Sums {
        var reference = 0.0
        var model = 0.0
        var count = 0
        let referenceColumn: Int
        let modelColumn: Int

        /// The means, rounded first to three decimals, as the ratio is made of them.
        var means: (reference: Double, model: Double) {
            (
                PythonText.round(reference / Double(count), 3),
                PythonText.round(model / Double(count), 3)
            )
        }
    }

    /// Scores recorded reviews: the model's mean score in percent of the reference's, and both
    /// means times 10; over everything and by category.
    ///
    /// Replies without two numbers count with -1 and -1, as in the script, and are unparsed. So do
    /// recorded grades that are NaN or infinite, as where a judge is asked; the script's means are
    /// then NaN.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let items = try items(files)
        let byID = Dictionary(items.map { ($0.id, $0) }) { first, _ in first }
        let reviews = try LLaVABenchReview.read(predictions)
        try Matching.requireDistinct(reviews.map { ($0.id, $0.place) }, benchmark: card.title)
        _ = try Matching.scored(
            items, \.id, answered: reviews.map(\.id), predictions, benchmark: card.title)
        var all = Self.makeSums(&recorder)
        var categories: [(name: String, sums: Sums)] = []
        for review in reviews {
            guard let item = byID[review.id] else { continue }
            let category = review.category ?? item.reviewCategory
            let cluster = try recorder.record(
                ScoredItem(
                    id: review.id, score: min(max(review.pair[1] / 10, 0), 1),
                    status: review.isParsed ? .scored : .unparsed, prediction: review.content,
                    parsed: review.isParsed ? "\(review.pair[0]) \(review.pair[1])" : nil,
                    cluster: item.image, groups: [.init("category", category)]))
            Self.add(review.pair, cluster, to: &all, &recorder)
            let place: Int
            if let known = categories.firstIndex(where: { $0.name == category }) {
                place = known
            } else {
                place = categories.count
                categories.append((category, Self.makeSums(&recorder)))
            }
            Self.add(review.pair, cluster, to: &categories[place].sums, &recorder)
        }
        Self.addFigures(nil, all, to: &recorder)
        for (name, sums) in categories.sorted(by: { $0.name < $1.name }) {
            Self.addFigures(name, sums, to: &recorder)
        }
    }

    private static func makeSums(_ recorder: inout ScoreRecorder) -> Sums {
        Sums(referenceColumn: recorder.makeColumn(), modelColumn: recorder.makeColumn())
    }

    private static func add(
        _ pair: [Double], _ cluster: Int, to sums: inout Sums, _ recorder: inout ScoreRecorder
    ) {
        sums.reference += pair[0]
        sums.model += pair[1]
        sums.count += 1
        recorder.contribute(pair[0], to: sums.referenceColumn, cluster: cluster)
        recorder.contribute(pair[1], to: sums.modelColumn, cluster: cluster)
    }

    private static func addFigures(
        _ category: String?, _ sums: Sums, to recorder: inout ScoreRecorder
    ) {
        let means = sums.means
        let dimension = category.map { _ in "category" }
        let statistic = Statistic.quotient(
            .product(.constant(100), .column(sums.modelColumn)), .column(sums.referenceColumn))
        if means.reference == 0 {
            recorder.note(
                "the reference's scores add up to nothing\(category.map { " in \($0)" } ?? ""); "
                    + "there is no ratio")
        } else {
            recorder.add(
                Figure(
                    "relative_score", dimension: dimension, part: category,
                    value: PythonText.round(means.model / means.reference * 100, 1),
                    count: sums.count, statistic: statistic))
        }
        for (name, mean) in [("reference_score", means.reference), ("model_score", means.model)] {
            recorder.add(
                Figure(
                    name, dimension: dimension, part: category,
                    value: PythonText.round(mean * 10, 1), unit: .points, count: sums.count))
        }
    }
}
