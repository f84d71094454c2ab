import MiphaFiles

/// One walk over an annotation file of the VQA kind, scoring the answers of a table.
struct VQAPass {
    private let benchmark: String
    private let source: SourceFile
    private var file: String { source.name }
    private let dimensions: [String]
    private let isPartial: Bool
    private let convertsRaw: Bool
    private var scorer: VQAScorer
    private var total = 0
    private var missing: [QuestionID] = []
    private var missingCount = 0
    private var percentages = PartSums()

    /// Sums of percentages over everything and by part.
    private struct PartSums {
        var all = 0.0
        var parts: [ScoredItem.Group: Double] = [:]
    }

    /// - Parameters:
    ///   - dimensions: of `answer_type` and `question_type`.
    ///   - isPartial: whether annotations without an answer are passed over.
    init(
        benchmark: String, file: SourceFile, rule: VQARule, dimensions: [String], isPartial: Bool
    ) {
        self.isPartial = isPartial
        self.benchmark = benchmark
        source = file
        self.dimensions = dimensions
        convertsRaw = rule.convertsRaw
        scorer = VQAScorer(rule)
    }

    /// Reads an annotation or question of a file.
    static func annotation(
        _ cursor: inout JSONCursor, in file: SourceFile
    ) throws(EvaluationError) -> VQAAnnotation {
        let annotation = try EvaluationError.wrapping { () throws(FileError) in
            try VQAAnnotation(&cursor)
        }
        for name in annotation.unread { file.watch?.see(name, in: file.name) }
        return annotation
    }

    /// Scores the answer to the annotation under the cursor.
    mutating func score(
        _ cursor: inout JSONCursor, _ table: inout VQAPredictionTable,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let start = cursor
        let annotation = try Self.annotation(&cursor, in: source)
        guard let id = annotation.id, let humans = annotation.answers, !humans.isEmpty else {
            throw start.unexpected(
                "expected a \(benchmark) annotation with question_id and answers")
        }
        try score(id, keys: [id], annotation, humans, &table, into: &recorder)
    }

    /// Scores the answer to a question, which the predictions may call by any of `keys`.
    mutating func score(
        _ id: QuestionID, keys: [QuestionID], _ annotation: VQAAnnotation, _ humans: [String],
        _ table: inout VQAPredictionTable, into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        total += 1
        guard let key = keys.count == 1 ? keys[0] : table.first(of: keys),
            let answer = try table.take(key, in: file)
        else {
            if isPartial { return }
            missingCount += 1
            if missing.count < 3 { missing.append(id) }
            return
        }
        // Once something is missing there is no score to make.
        guard missingCount == 0 else { return }
        let (score, compared) = scorer.score(
            answer.text, isRaw: answer.isRaw, humans: humans
        ) { annotation.equals(among: $0) }
        var groups: [ScoredItem.Group] = []
        if dimensions.contains("answer_type"), let part = annotation.answerType {
            groups.append(.init("answer_type", part))
        }
        if dimensions.contains("question_type"), let part = annotation.questionType {
            groups.append(.init("question_type", part))
        }
        try recorder.record(
            ScoredItem(
                id: id, score: score, status: compared.isEmpty ? .unparsed : .scored,
                prediction: answer.text, parsed: compared, expected: humans,
                cluster: annotation.picture, groups: groups))
        percentages.all += 100 * score
        for group in groups { percentages.parts[group, default: 0] += 100 * score }
    }

    /// Checks that predictions and annotations cover the same questions, and notes answers whose
    /// form was changed.
    func finish(
        _ table: VQAPredictionTable, into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        guard total > 0 else {
            throw EvaluationError(.wrongFile, "\(file): there are no \(benchmark) annotations")
        }
        try table.requireAll(missing: missing, missingCount, of: total, in: file)
        guard table.rawCount > 0, convertsRaw else { return }
        recorder.note(
            "\(table.rawCount) answers are what a model said; they were brought into the "
                + "EvalAI form first, as LLaVA does before it uploads")
    }

    /// Adds the mean over all questions and over the parts of each dimension, in percent.
    ///
    /// - Parameter addsPercentages: whether percentages are added up, else scores, which can change
    ///   the last digit.
    func addFigures(to recorder: inout ScoreRecorder, addsPercentages: Bool) {
        guard addsPercentages else {
            recorder.addMeans("accuracy", by: dimensions)
            return
        }
        func add(_ tally: ScoreRecorder.Tally, _ sum: Double, _ dimension: String?) {
            recorder.add(
                Figure(
                    "accuracy", dimension: dimension, part: dimension.map { _ in tally.part },
                    value: sum / Double(max(tally.count, 1)), count: tally.count,
                    statistic: tally.count == 0 ? nil : tally.statistic(scale: 100)))
        }
        add(recorder.overall, percentages.all, nil)
        for dimension in dimensions {
            for tally in recorder.tallies(dimension) {
                add(tally, percentages.parts[.init(dimension, tally.part)] ?? 0, dimension)
            }
        }
    }
}
