import MiphaFiles

/// AI2D: multiple-choice questions on diagrams of school science (Kembhavi et al., ECCV 2016).
///
/// The data set of lmms-eval is a Parquet file, which is not read; accepted are, as `test.jsonl`,
/// `ai2d_test.jsonl`, `ai2d.jsonl` or a file that is named itself:
/// - lines of its fields, `{question, options, answer, image?, question_id?}`, the answer an index,
///   its digits or a letter, `image` a file name; without ids questions are numbered from 0;
/// - LLaVA's form, `{question_id, image, question, answer}`, where the question already holds the
///   options and the instruction and the answer is a letter (optionally `category`);
/// - or AI2's own folder: `questions/{picture}.json`, `images/`, and `ai2d_test_ids.csv` with the
///   numbers of the test images (without it all images count, with a note). Images of
///   questions about labels, `abcLabel`, are taken from `abc_images/` where that folder has them.
///
/// Damage: a byte order mark and Windows line ends are accepted; a missing answer counts as wrong;
/// broken JSON, fewer than two options, answers outside the options, repeated and unknown ids and
/// two different answers to a question are errors.
///
/// Reference: EvolvingLMMs-Lab/lmms-eval `tasks/ai2d/utils.py`, `api/metrics.py` `exact_match`;
/// open-compass/VLMEvalKit `vlmeval/dataset/utils/multiple_choice.py` `mcq_vanilla_eval`, whose
/// table loses option texts that pandas reads as missing, such as "None".
package struct AI2D: Benchmark {
    static let names = ["test.jsonl", "ai2d_test.jsonl", "ai2d.jsonl"]

    private static let harness = "lmms-eval-harness"
    private static let vlmEvalKit = "vlmevalkit"

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "ai2d", title: "AI2D", split: "test",
            variants: [
                .init(
                    Self.harness,
                    "lmms-eval as its harness prints it: a capital letter with a period at the "
                        + "start, else the whole answer without whitespace around it, case and "
                        + "punctuation is the letter"),
                .init(
                    "lmms-eval",
                    "lmms-eval's filter and metric alone, without the harness, which strips the "
                        + "answer between them: whitespace around the letter makes it wrong"),
                .init(
                    Self.vlmEvalKit,
                    "VLMEvalKit without a judge: the letter among the last words, else \"answer is "
                        + "B\", else the one option whose text occurs; unresolved is wrong"),
            ],
            files: [
                .init(
                    Self.names, content: "questions, options and answers",
                    origin: "made from https://huggingface.co/datasets/lmms-lab/ai2d"),
                .init(
                    ["questions", "images", "ai2d_test_ids.csv"], content: "AI2's own files",
                    origin: "https://prior.allenai.org/projects/diagram-understanding"),
            ],
            licence: "CC BY-SA 4.0 by AI2; check before passing on", maxTokens: 16,
            columns: [("accuracy", "AI2D")])
    }

    struct Item: Sendable {
        let id: QuestionID
        let text: String
        let answer: Int
        let picture: String
        /// The options as VLMEvalKit has them.
        let options: [OptionExtractor.Option]
    }

    /// The questions with LLaVA's prompt for lettered options.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        var notes: [String] = []
        return try Self.items(files, &notes).map { item in
            var pictures: [PictureSource] = []
            if !item.picture.isEmpty {
                let found =
                    files.isFile
                    ? nil : files.picture(item.picture, in: ["", "images", "ai2d"])
                pictures = [
                    found
                        ?? PictureSource(
                            name: item.picture,
                            place: .file("\(Self.folder(files))/\(item.picture)"))
                ]
            }
            return Question(
                id: item.id, text: item.text, pictures: pictures,
                expected: [LetterAnswer.letter(of: item.answer)])
        }
    }

    private static func folder(_ files: BenchmarkFiles) -> String {
        guard files.isFile else { return files.path }
        return FileSystem.folder(of: files.path)
    }

    /// Scores answers.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        var notes: [String] = []
        let items = try Self.items(files, &notes)
        for note in notes { recorder.note(note) }
        let answers = try predictions.keyed()
        let known = Set(items.map(\.id))
        let unknown = answers.keys.filter { !known.contains($0) }.sorted { $0.text < $1.text }
        guard unknown.isEmpty else {
            throw .unknownIDs(unknown, of: "AI2D's questions", in: predictions.path)
        }
        for item in items {
            let answer = answers[item.id]?.text
            let (letter, status) =
                answer.map { Self.reading($0, item, variant) } ?? (nil, .missing)
            let expected = LetterAnswer.letter(of: item.answer)
            try recorder.record(
                ScoredItem(
                    id: item.id, score: letter == expected ? 1 : 0, status: status,
                    prediction: answer ?? "", parsed: letter, expected: [expected],
                    cluster: item.picture))
        }
        recorder.noteMissing(items.count - answers.count)
        recorder.addMeans("accuracy", unit: .fraction) { $0 / Double(max($1, 1)) }
    }

    /// The letter that an answer names by a variant's rule.
    private static func reading(
        _ answer: String, _ item: Item, _ variant: BenchmarkCard.Variant
    ) -> (letter: String?, status: ScoredItem.Status) {
        guard variant.name == vlmEvalKit else {
            let isStripped = variant.name == harness
            let parsed = LetterAnswer.ai2d(isStripped ? PythonText.strip(answer) : answer)
            return (parsed.text, parsed == .none ? .unparsed : .scored)
        }
        let found = OptionExtractor.vlmEvalKit(answer, options: item.options)
        switch found {
        case .letter, .refusal: return (found.letter, .scored)
        case .ambiguous: return (nil, .ambiguous)
        case .none: return (nil, .unparsed)
        }
    }
}
