import MiphaFiles

/// MMMU, college-level questions of 30 subjects, validation split (900 questions).
///
/// Annotations: `answer_dict_val.json`, a map from id to `question_type` and `ground_truth`.
///
/// Predictions, recognised by content:
/// - a map from id to a letter or, for open questions, any text (the authors' "evaluation only");
///   letters are compared as they are;
/// - raw answers to be parsed: a folder `<Subject>/output.json`, or one list of the same records
///   (`id`, `question_type`, `response`, `all_choices`, `index2ans`), or LLaVA's answer lines.
///   LLaVA's lines need the options: `all_choices` and `index2ans` in the line, else the question
///   file beside the annotations, else the option lines of the recorded prompt.
///
/// Accuracy by subject, by domain and overall is a micro average, computed as the authors' script
/// does from the accuracies of subjects. Like it, only answered questions count; a note says how
/// many are not. Ids that the annotations lack, subjects without a name in MMMU and two different
/// answers to one question are errors, where the script fails or skips without a word.
///
/// Reference: MMMU-Benchmark/MMMU, `mmmu/main_eval_only.py`, `mmmu/main_parse_and_eval.py`,
/// `mmmu/utils/eval_utils.py`.
package struct MMMU: Benchmark {
    static let strict = BenchmarkCard.Variant(
        "strict", "the authors' parsing; a multiple-choice answer without a letter is wrong")
    static let seeded = BenchmarkCard.Variant(
        "seeded-random",
        "the authors' script: a multiple-choice answer without a letter gets a random one (seed 42)"
    )

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "mmmu", title: "MMMU", split: "val", variants: [Self.strict, Self.seeded],
        files: [
            .init(
                Self.annotationNames, content: "question types and right answers",
                origin: "https://github.com/MMMU-Benchmark/MMMU (mmmu/answer_dict_val.json)"),
            .init(
                MMMUQuestionFile.names,
                content: "the rows of the data set as a JSON list or JSON lines: id, question, "
                    + "options, question_type, answer, image_1 to image_7 (image files)",
                origin: "https://huggingface.co/datasets/MMMU/MMMU, split validation, exported"),
        ],
        licence: "Apache-2.0", columns: [("accuracy", "MMMU")])

    static let annotationNames = [
        "answer_dict_val.json", "mmmu/answer_dict_val.json", "data/answer_dict_val.json",
    ]

    /// Makes the benchmark.
    package init() {}

    // MARK: Annotations

    struct Truth {
        let id: QuestionID
        let isChoice: Bool
        let answers: [String]
        let subject: String
    }

    /// The subject in an id: what stands between its first and last underscore.
    static func subject(of id: String) -> String {
        let pieces = PythonText.split(id, "_")
        return pieces.count < 3 ? "" : pieces[1..<(pieces.count - 1)].joined(separator: "_")
    }

    static func truths(_ files: BenchmarkFiles) throws(EvaluationError) -> [Truth] {
        let file = try files.file(annotationNames, what: "MMMU's answers (answer_dict_val.json)")
        let what = "MMMU's answers (answer_dict_val.json)"
        guard let object = try file.value(what).objectValue, !object.isEmpty else {
            throw wrongAnnotations(file.name, "no map from question ids to answers")
        }
        var truths: [Truth] = []
        truths.reserveCapacity(object.count)
        for member in object.members {
            guard let entry = member.value.objectValue else {
                throw wrongAnnotations(
                    file.name, "\(member.value.kind) for \(member.key.prefix(60))")
            }
            try file.check(entry, truthFields, "\(file.name): \(member.key.prefix(60))")
            guard let type = entry["question_type"]?.stringValue,
                let answers = entry["ground_truth"].flatMap(texts)
            else {
                throw wrongAnnotations(
                    file.name, "\(entry.found) for \(member.key.prefix(60))")
            }
            let subject = subject(of: member.key)
            guard MMMUSubjects.all.contains(subject) else {
                throw wrongAnnotations(
                    file.name,
                    "the id \(member.key.prefix(60)), which names no subject of MMMU")
            }
            truths.append(
                Truth(
                    id: QuestionID(member.key), isChoice: type == "multiple-choice",
                    answers: answers, subject: subject))
        }
        return truths
    }

    /// A text or a list of texts.
    static func texts(_ value: JSONValue) -> [String]? {
        if let text = value.stringValue { return [text] }
        guard let elements = value.arrayValue, !elements.isEmpty else { return nil }
        let texts = elements.compactMap(\.stringValue)
        return texts.count == elements.count ? texts : nil
    }

    private static func wrongAnnotations(_ name: String, _ found: String) -> EvaluationError {
        EvaluationError(
            .wrongFile,
            "\(name): expected MMMU's answer_dict_val.json, a map like \"validation_Art_1\": "
                + "{\"question_type\": \"multiple-choice\", \"ground_truth\": \"B\"}, found "
                + found)
    }

    // MARK: Questions

    /// The questions of an export of the data set, or of a question file in LLaVA's form, as
    /// `MMMUQuestionFile` describes them.
    ///
    /// - Throws: `EvaluationError` naming file, row and what was expected.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        try MMMUQuestionFile.questions(files)
    }

    // MARK: Score

    /// Scores predictions.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let truths = try Self.truths(files)
        let byID = Dictionary(
            truths.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let answers = try MMMUPredictions(predictions, truths: byID, files: files).answers
        var bySubject: [String: [MMMUPredictions.Answer]] = [:]
        for answer in answers {
            guard let truth = byID[answer.id] else { continue }
            bySubject[truth.subject, default: []].append(answer)
        }
        var random = variant == Self.seeded ? PythonRandom(seed: 42) : nil
        var results: [String: (right: Int, count: Int)] = [:]
        for subject in MMMUSubjects.all {
            for answer in bySubject[subject] ?? [] {
                guard let truth = byID[answer.id] else { continue }
                let item = Self.item(answer, truth, &random)
                try recorder.record(item)
                results[subject, default: (0, 0)].right += item.score == 1 ? 1 : 0
                results[subject, default: (0, 0)].count += 1
            }
        }
        Self.addFigures(results, to: &recorder)
        if answers.count < truths.count {
            recorder.note(
                "\(truths.count - answers.count) of \(truths.count) questions have no answer and "
                    + "are left out, as the authors' script does")
        }
        let differing = answers.count { answer in
            answer.statedAnswers.map { stated in
                byID[answer.id].map { !$0.answers.elementsEqual(stated, by: PythonText.equal) }
                    ?? false
            } ?? false
        }
        if differing > 0 {
            recorder.note(
                "\(differing) answers carry another right answer than the annotations, which count")
        }
    }

    private static func item(
        _ answer: MMMUPredictions.Answer, _ truth: Truth, _ random: inout PythonRandom?
    ) -> ScoredItem {
        var item = ScoredItem(
            id: answer.id, score: 0, prediction: answer.text, expected: truth.answers,
            groups: [
                .init("domain", MMMUSubjects.domain(of: truth.subject)),
                .init("subject", truth.subject),
            ])
        guard truth.isChoice else {
            let values = MMMUAnswers.open(answer.text)
            item.parsed = values.map(\.description).joined(separator: " | ")
            item.score = MMMUAnswers.isRight(values, expected: truth.answers) ? 1 : 0
            return item
        }
        if let options = answer.options {
            let choice = MMMUAnswers.choice(answer.text, options)
            item.parsed = choice.letter
            if choice.letter == nil {
                item.status = .unparsed
                item.parsed = random?.choice(options.letters)
            } else if choice.candidates > 1 {
                item.status = .ambiguous
            }
        } else {
            item.parsed = answer.text
        }
        if let parsed = item.parsed, truth.answers.contains(where: { PythonText.equal($0, parsed) })
        {
            item.score = 1
        }
        return item
    }

    /// Adds overall, domains and subjects, with the authors' order of operations.
    private static func addFigures(
        _ results: [String: (right: Int, count: Int)], to recorder: inout ScoreRecorder
    ) {
        func accuracy(_ subjects: [String]) -> (value: Double, count: Int) {
            var (total, count) = (0.0, 0)
            for subject in subjects {
                guard let result = results[subject] else { continue }
                total += Double(result.right) / Double(result.count) * Double(result.count)
                count += result.count
            }
            return (count == 0 ? 0 : total / Double(count), count)
        }
        func add(_ part: String?, in dimension: String?, _ subjects: [String]) {
            let (value, count) = accuracy(subjects)
            guard count > 0 else { return }
            let tally =
                dimension.map { recorder.tallies($0).first { $0.part == part } }
                ?? recorder.overall
            recorder.add(
                Figure(
                    "accuracy", dimension: dimension, part: part, value: value, unit: .fraction,
                    count: count, statistic: tally?.statistic(scale: 1)))
        }
        add(nil, in: nil, MMMUSubjects.all)
        for domain in MMMUSubjects.domains { add(domain.name, in: "domain", domain.subjects) }
        for subject in MMMUSubjects.all {
            guard let result = results[subject] else { continue }
            recorder.add(
                Figure(
                    "accuracy", dimension: "subject", part: subject,
                    value: Double(result.right) / Double(result.count), unit: .fraction,
                    count: result.count,
                    statistic: recorder.tallies("subject").first { $0.part == subject }?
                        .statistic(scale: 1)))
        }
    }
}

extension MMMUAnswers.Value: CustomStringConvertible {
    /// The number or the text.
    package var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .text(let text): text
        }
    }
}
