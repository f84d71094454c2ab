import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct VQAv2Tests {
    private static let folder = PackagePaths.sharedData("data/scorers/vqav2")
    private static let predictions = [
        "adversarial", "adversarial_llava_postprocessed", "prior_baseline", "random_human",
    ]

    @Test(.enabled(if: folder != nil), arguments: predictions)
    func `the official scores come out, every item and digit`(name: String) throws {
        let folder = try #require(Self.folder)
        let oracle = try JSONValue(contentsOf: "\(folder)/oracle_\(name).json")
        let full = try #require(oracle["accuracy_full"])
        let recorder = try scoredVQA(
            VQAv2(), "\(folder)/pred_\(name).json", "\(folder)/annotations.json")
        let headline = try #require(recorder.figures.first)
        #expect(PythonText.round(headline.value, 12) == full["overall"]?.doubleValue)
        var checked = 0
        for (dimension, key) in [
            ("answer_type", "perAnswerType"), ("question_type", "perQuestionType"),
        ] {
            let expected = try #require(full[key]?.objectValue)
            let figures = recorder.figures.filter { $0.dimension == dimension }
            #expect(figures.count == expected.count)
            for figure in figures {
                #expect(
                    PythonText.round(figure.value, 12)
                        == expected[figure.part ?? ""]?.doubleValue, "\(figure.label)")
                checked += 1
            }
        }
        #expect(checked > 60)
        try Self.compareItems(recorder, oracle, "acc", isOfficial: true)
    }

    @Test(
        .enabled(if: folder != nil), arguments: predictions,
        [
            ("always-normalise", "always_normalize_lmms_eval_vqav2", "always_normalize"),
            ("vlmevalkit", "vlmevalkit_process_line_vqa_score", "vlmevalkit"),
        ])
    func `the variants come out, every item and digit`(
        name: String, variant: (String, String, String)
    ) throws {
        let folder = try #require(Self.folder)
        let oracle = try JSONValue(contentsOf: "\(folder)/oracle_\(name).json")
        let recorder = try scoredVQA(
            VQAv2(), "\(folder)/pred_\(name).json", folder, variant.0)
        #expect(recorder.figures.first?.value == oracle["variant_totals"]?[variant.1]?.doubleValue)
        try Self.compareItems(recorder, oracle, "acc_variant_\(variant.2)", isOfficial: false)
    }

    private static func compareItems(
        _ recorder: ScoreRecorder, _ oracle: JSONValue, _ key: String, isOfficial: Bool
    ) throws {
        let items = try #require(oracle["per_item"]?.arrayValue)
        #expect(recorder.items.count == items.count)
        var differences: [String] = []
        for (item, expected) in zip(recorder.items, items) {
            let score = (expected[key] ?? expected["acc"])?.doubleValue
            let isUnanimous = expected["gt_unanimous_raw"]?.boolValue == true
            let text = expected["normalized_if_processed"]?.stringValue ?? "?"
            let isTextWrong =
                isOfficial && !isUnanimous && !PythonText.equal(item.parsed ?? "", text)
            if item.id != expected["question_id"].flatMap(QuestionID.init)
                || PythonText.round(100 * item.score, 12) != score.map({ PythonText.round($0, 12) })
                || isTextWrong
            {
                differences.append("\(item.id): \(100 * item.score), expected \(score ?? -1)")
            }
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }

    @Test(.enabled(if: folder != nil))
    func `LLaVA's answer lines score as its upload does`() throws {
        let folder = try #require(Self.folder)
        let temporary = try TemporaryFolder()
        var lines = ""
        for entry in try JSONValue(contentsOf: "\(folder)/pred_adversarial.json").arrayValue ?? [] {
            let line: JSONValue = [
                "question_id": entry["question_id"] ?? .null, "prompt": "?",
                "text": entry["answer"] ?? .null, "answer_id": "x", "model_id": "m",
                "metadata": .object(JSONObject()),
            ]
            lines += try line.text(.compact) + "\r\n"
        }
        try AtomicFile.write("\u{FEFF}" + lines, to: temporary.file("answers.jsonl"))
        let recorder = try scoredVQA(VQAv2(), temporary.file("answers.jsonl"), folder)
        let upload = try scoredVQA(
            VQAv2(), "\(folder)/pred_adversarial_llava_postprocessed.json", folder)
        #expect(recorder.figures.map(\.value) == upload.figures.map(\.value))
        #expect(recorder.notes.count == 1)
        // Other tools score what the model said as it is.
        let direct = try scoredVQA(
            VQAv2(), temporary.file("answers.jsonl"), folder, "always-normalise")
        #expect(direct.figures.first?.value == 39.02430790006752)
    }
}
