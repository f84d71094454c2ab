import MiphaFiles

extension MMVet {
    private struct Grades {
        let id: QuestionID
        let scores: [Double]
        let content: String
        let isParsed: Bool
    }

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
        let grades = try grades(predictions)
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

    /// The grades in the order of the file, in which they are added up.
    private func grades(_ predictions: Predictions) throws(EvaluationError) -> [Grades] {
        let what = "MM-Vet's grade file {v1_0: {model, content, score: [0.5]}}"
        var grades: [Grades] = []
        var places: [(id: QuestionID, place: String)] = []
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            let members = element.objectValue?.members ?? []
            guard place == predictions.path, !members.isEmpty,
                members.contains(where: { $0.value["score"] != nil })
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected \(what); found \(element.found). Answers "
                        + "have to be graded by a judge first")
            }
            for member in members {
                let place = "\(place): key \(member.key)"
                if let entry = member.value.objectValue {
                    try predictions.watch.check(
                        entry, Self.gradeFields, in: predictions.path, place)
                }
                let grade = try Self.grades(
                    member.value, QuestionID(member.key), place, predictions.watch)
                grades.append(grade)
                places.append((grade.id, place))
            }
        }
        try Matching.requireDistinct(places, benchmark: card.title)
        return grades
    }

    private static func grades(
        _ entry: JSONValue, _ id: QuestionID, _ place: String, _ watch: FieldWatch
    ) throws(EvaluationError) -> Grades {
        let values = entry["score"]?.arrayValue ?? []
        let scores = values.compactMap(\.doubleValue)
        guard !scores.isEmpty, scores.count == values.count else {
            throw EvaluationError(
                .wrongFile, "\(place): expected a list of numbers under \"score\"")
        }
        let finite = scores.map { $0.isFinite ? $0 : 0 }
        guard finite.allSatisfy({ (0...1).contains($0) }) else {
            throw EvaluationError(
                .wrongFile, "\(place): expected grades from 0 to 1, found \(scores)")
        }
        if finite != scores {
            watch.remark("grades that are not finite numbers count as no grade, 0")
        }
        let content = entry["content"]?.arrayValue?.compactMap(\.stringValue) ?? []
        // A grade of 0 that the reply does not hold was given up on.
        let isParsed =
            finite == scores
            && zip(content, scores).allSatisfy { reply, score in
                score != 0 || MMVet().grade(reply) != nil
            }
        return Grades(
            id: canonical(id), scores: finite, content: content.joined(separator: "\n"),
            isParsed: isParsed)
    }
}
