import MiphaFiles

extension MMVet {
    /// Sums of every run, kept apart by part.
    private struct Sums {
        let runs: Int
        var totals: [Double]
        var count = 0

        init(runs: Int) {
            self.runs = runs
            totals = Array(repeating: 0, count: runs)
        }

        mutating func add(_ scores: [Double]) {
            for run in 0..<runs { totals[run] += scores[run] }
            count += 1
        }

        var percentages: [Double] { totals.map { $0 / Double(count) * 100 } }
    }

    /// Scores recorded grades: means over all runs, in percent and rounded to one decimal as the
    /// evaluator rounds, over everything, by capability and by combination; the deviation between
    /// the runs; every run.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let items = try items(files)
        let byID = Dictionary(items.map { ($0.id, $0) }) { first, _ in first }
        let grades = try MMVetGrades.read(predictions)
        _ = try Matching.scored(
            items, \.id, answered: grades.map(\.id), predictions, benchmark: card.title)
        let runs = grades.map(\.scores.count).min() ?? 0
        if grades.contains(where: { $0.scores.count != runs }) {
            recorder.note("some questions have more than \(runs) grades; the first \(runs) count")
        }
        var total = Sums(runs: runs)
        var capabilities: [ExactString: Sums] = [:]
        var combinations: [(name: String, sums: Sums)] = []
        for grade in grades {
            guard let item = byID[grade.id] else { continue }
            let combination = item.capabilities.joined(separator: "_")
            total.add(grade.scores)
            for name in item.capabilities {
                capabilities[ExactString(name), default: Sums(runs: runs)].add(grade.scores)
            }
            if let place = combinations.firstIndex(where: { PythonText.equal($0.name, combination) }
            ) {
                combinations[place].sums.add(grade.scores)
            } else {
                combinations.append((combination, Sums(runs: runs)))
                combinations[combinations.count - 1].sums.add(grade.scores)
            }
            try recorder.record(
                ScoredItem(
                    id: item.id, score: NumPy.mean(Array(grade.scores.prefix(runs))),
                    status: grade.isParsed ? .scored : .unparsed, prediction: grade.content,
                    parsed: grade.isParsed
                        ? grade.scores.map { "\($0)" }.joined(separator: " ") : nil,
                    expected: [item.answer], cluster: item.image,
                    groups: item.capabilities.map { .init("capability", $0) }
                        + [.init("combination", combination)]))
        }
        addFigures(total, capabilities, combinations, to: &recorder)
    }

    private func addFigures(
        _ total: Sums, _ capabilities: [ExactString: Sums],
        _ combinations: [(name: String, sums: Sums)], to recorder: inout ScoreRecorder
    ) {
        func add(_ dimension: String?, _ part: String?, _ sums: Sums, _ statistic: Statistic?) {
            recorder.add(
                Figure(
                    "score", dimension: dimension, part: part,
                    value: NumPy.round(NumPy.mean(sums.percentages), 1), count: sums.count,
                    statistic: statistic))
        }
        func statistic(_ dimension: String, _ part: String) -> Statistic? {
            recorder.tallies(dimension).first { PythonText.equal($0.part, part) }?
                .statistic(scale: 100)
        }
        add(nil, nil, total, recorder.overall.statistic(scale: 100))
        recorder.add(
            Figure(
                "unrounded_score", value: NumPy.mean(total.percentages), count: total.count))
        let known = capabilities.sorted {
            ($1.value.count, $0.key.text) < ($0.value.count, $1.key.text)
        }
        for (name, sums) in known {
            add("capability", name.text, sums, statistic("capability", name.text))
        }
        let sorted = combinations.enumerated().sorted {
            ($1.element.sums.count, $0.offset) < ($0.element.sums.count, $1.offset)
        }
        for (_, entry) in sorted {
            add("combination", entry.name, entry.sums, statistic("combination", entry.name))
        }
        recorder.add(
            Figure(
                "deviation_of_runs", value: NumPy.round(NumPy.deviation(total.percentages), 1),
                unit: .points, count: total.runs))
        for (run, value) in total.percentages.enumerated() {
            recorder.add(
                Figure(
                    "score", dimension: "run", part: "\(run + 1)", value: NumPy.round(value, 1),
                    count: total.count))
        }
    }
}
