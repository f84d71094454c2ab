import MiphaFiles

/// MMBench, multiple-choice questions on 20 abilities, English and Chinese.
///
/// Annotations: the authors' table (TSV with the images in Base64), the first release
/// (`mmbench_dev_20230712.tsv`) and later ones alike. A question is there once for every rotation
/// of its options, the row `k` times 1,000,000 further on in `index` being the k-th copy.
///
/// Predictions: LLaVA's answer lines (`question_id` is the index), or a table (xlsx, tsv, csv) or
/// JSON with `index` and `prediction`. Lines of LLaVA's `--all-rounds` beyond the first round are
/// left out with a note. A row without an answer is wrong. Indices that the annotations lack, two
/// answers to one row, and lines asked with other options are errors.
///
/// No rule asks a judge or guesses: an answer of which no option can be recognised counts as wrong and is
/// listed. Where VLMEvalKit and lmms-eval read a column of numbers as numbers, it is text here.
///
/// Reference: open-compass/VLMEvalKit, `vlmeval/dataset/utils/multiple_choice.py`;
/// EvolvingLMMs-Lab/lmms-eval, `lmms_eval/tasks/mmbench/mmbench_evals.py`; haotian-liu/LLaVA,
/// `llava/eval/model_vqa_mmbench.py`.
package struct MMBench: Benchmark {
    /// The language of the questions.
    package enum Language: Sendable {
        /// English.
        case english
        /// Chinese.
        case chinese
    }

    static let circular = BenchmarkCard.Variant(
        "circular", "VLMEvalKit without judge: a question counts when every rotation is right")
    static let vanilla = BenchmarkCard.Variant(
        "vanilla", "VLMEvalKit without judge: every row by itself; pass 0 are the first copies")
    static let lmmsEval = BenchmarkCard.Variant(
        "circular-lmms-eval",
        "lmms-eval's older reading of answers, every rotation must be right, no judge")
    static let lmmsStatic = BenchmarkCard.Variant(
        "circular-lmms-eval-static",
        "lmms-eval's evaluation without judge: its older reading, then its search for letters")

    /// Name, files and variants.
    package let card: BenchmarkCard
    let language: Language

    /// Makes the benchmark.
    package init(_ language: Language = .english) {
        self.language = language
        let isEnglish = language == .english
        card = BenchmarkCard(
            id: isEnglish ? "mmbench" : "mmbench-cn",
            title: isEnglish ? "MMBench" : "MMBench-CN", split: "dev",
            variants: [Self.circular, Self.vanilla, Self.lmmsEval, Self.lmmsStatic],
            files: [
                .init(
                    Self.names(language), content: "questions, options, answers and images",
                    origin: "https://github.com/open-compass/MMBench")
            ],
            licence: "Apache-2.0", maxTokens: 1024,
            folders: isEnglish ? [] : ["mmbench_cn"],
            columns: [("accuracy", isEnglish ? "MMB" : "MMB-CN")])
    }

    private static func names(_ language: Language) -> [String] {
        switch language {
        case .english:
            [
                "mmbench_dev_20230712.tsv", "mmbench_dev_en_20231003.tsv", "MMBench_DEV_EN.tsv",
                "MMBench_DEV_EN_legacy.tsv", "MMBench_DEV_EN_V11.tsv",
                "mmbench_test_20230712.tsv", "mmbench_test_en_20231003.tsv",
                "MMBench_TEST_EN.tsv", "MMBench_TEST_EN_legacy.tsv", "MMBench_TEST_EN_V11.tsv",
            ]
        case .chinese:
            [
                "mmbench_dev_cn_20231003.tsv", "MMBench_DEV_CN.tsv", "MMBench_DEV_CN_legacy.tsv",
                "MMBench_DEV_CN_V11.tsv", "mmbench_test_cn_20231003.tsv", "MMBench_TEST_CN.tsv",
                "MMBench_TEST_CN_legacy.tsv", "MMBench_TEST_CN_V11.tsv",
            ]
        }
    }

    func file(_ files: BenchmarkFiles) throws(EvaluationError) -> SourceFile {
        try files.file(
            Self.names(language),
            what: "\(card.title)'s table (\(Self.names(language)[0]))")
    }

    // MARK: Questions

    /// One question for every row, rotations included, in the order of the table.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let file = try file(files)
        let table = try MMBenchTable(file, title: card.title, needs: .questions)
        var questions: [Question] = []
        questions.reserveCapacity(table.rows.count)
        for row in table.rows {
            guard let picture = table.picture(of: row) else {
                throw EvaluationError(
                    .wrongFile,
                    "\(file.name):\(row.line): row \(row.index) of \(card.title) has no image")
            }
            let letters = Array(["A", "B", "C", "D"].prefix(row.shownOptions.count))
            if let further = row.options.first(where: { $0.letter > "D" }) {
                throw EvaluationError(
                    .wrongFile,
                    "\(file.name):\(row.line): row \(row.index) has an option in the column "
                        + "\(further.letter); LLaVA's prompt shows those of A to D alone")
            }
            var prompt = row.hint.map { $0 + "\n" } ?? ""
            prompt += row.question
            for (letter, option) in zip(letters, row.shownOptions) {
                prompt += "\n\(letter). \(option)"
            }
            let suffix = language == .english ? PromptSuffix.letter : PromptSuffix.letterChinese
            questions.append(
                Question(
                    id: QuestionID(row.index), text: prompt + suffix, pictures: [picture],
                    expected: row.answer.map { [$0] } ?? [], writtenPrompt: prompt,
                    answerFields: [
                        "round_id": 0, "options": .array(row.shownOptions.map { .string($0) }),
                        "option_char": .array(letters.map { .string($0) }),
                    ]))
        }
        return questions
    }

    // MARK: Score

    /// Scores predictions.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let table = try MMBenchTable(try file(files), title: card.title, needs: .answers)
        let answers = try MMBenchPredictions(predictions, table: table, title: card.title)
        var copies: [Int: [MMBenchTable.Row]] = [:]
        // A partial run judges a question by those of its rows that were asked.
        let rows = table.rows.filter {
            !predictions.isPartial || answers.texts[$0.index] != nil
        }
        for row in rows { copies[row.base, default: []].append(row) }
        let splits = Set(table.rows.compactMap(\.split))
        for row in rows {
            if variant == Self.vanilla {
                try recorder.record(
                    item([row], answers, variant, table, splits: splits.count))
            } else if row.isBase {
                let copies = (copies[row.base] ?? []).sorted { $0.index < $1.index }
                try recorder.record(item(copies, answers, variant, table, splits: splits.count))
            }
        }
        recorder.addMeans(
            "accuracy",
            by: variant == Self.vanilla
                ? ["pass", "split", "l2-category", "category"]
                : ["split", "l2-category", "category", "split/l2-category"],
            unit: .fraction
        ) { $0 / Double(max($1, 1)) }
        addNotes(answers, table, variant, to: &recorder)
    }

    private func addNotes(
        _ answers: MMBenchPredictions, _ table: MMBenchTable, _ variant: BenchmarkCard.Variant,
        to recorder: inout ScoreRecorder
    ) {
        let missing = table.rows.count { answers.texts[$0.index] == nil }
        if missing > 0, !recorder.leavesOutMissing {
            recorder.note("\(missing) of \(table.rows.count) rows have no answer and are wrong")
        }
        if answers.furtherRounds > 0 {
            recorder.note(
                "\(answers.furtherRounds) answers of further rounds (round_id above 0) are left out"
            )
        }
        if variant != Self.vanilla, table.rows.allSatisfy(\.isBase) {
            recorder.note("the table has no rotated copies: every question is one row")
        }
    }

    private func item(
        _ rows: [MMBenchTable.Row], _ answers: MMBenchPredictions,
        _ variant: BenchmarkCard.Variant, _ table: MMBenchTable, splits: Int
    ) -> ScoredItem {
        let first = rows[0]
        var item = ScoredItem(
            id: QuestionID(first.index), score: 1, prediction: "", cluster: table.cluster(first))
        var parsed: [String] = []
        var texts: [String] = []
        for row in rows {
            item.expected.append(row.answer ?? "")
            guard let text = answers.texts[row.index] else {
                (item.score, item.status) = (0, .missing)
                parsed.append("-")
                texts.append("")
                continue
            }
            texts.append(text)
            let reading = Self.reading(text, row, variant)
            parsed.append(reading.letter ?? "?")
            if !PythonText.equal(reading.letter ?? "", row.answer ?? "") { item.score = 0 }
            switch reading {
            case .letter: break
            case .ambiguous where item.status == .scored: item.status = .ambiguous
            case .ambiguous: break
            case .refusal, .none: if item.status != .missing { item.status = .unparsed }
            }
        }
        item.prediction = texts.joined(separator: " | ")
        let isUnread = rows.count == 1 && (parsed[0] == "?" || parsed[0] == "-")
        item.parsed = isUnread ? nil : parsed.joined(separator: " ")
        if variant == Self.vanilla {
            item.groups.append(.init("pass", String(first.index / MMBenchTable.step)))
        }
        if let split = first.split { item.groups.append(.init("split", split)) }
        if let name = first.broadCategory {
            item.groups.append(.init("l2-category", name))
            if splits > 1, let split = first.split {
                item.groups.append(.init("split/l2-category", "\(split)/\(name)"))
            }
        }
        if let category = first.category { item.groups.append(.init("category", category)) }
        return item
    }

    private static func reading(
        _ text: String, _ row: MMBenchTable.Row, _ variant: BenchmarkCard.Variant
    ) -> OptionExtractor.Extraction {
        guard variant == lmmsEval || variant == lmmsStatic else {
            return OptionExtractor.vlmEvalKit(text, options: row.options)
        }
        let options = row.options.filter { ["A", "B", "C", "D"].contains($0.letter) }
        let reading = OptionExtractor.lmmsEval(text, options: options)
        guard variant == lmmsStatic, reading.letter == nil else { return reading }
        return OptionExtractor.lmmsEvalStatic(text, letters: options.map(\.letter))
    }
}
