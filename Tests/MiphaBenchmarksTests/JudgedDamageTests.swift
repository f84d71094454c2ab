import MiphaBenchmarks
import MiphaTestSupport
import Testing

/// Damaged files end in an error of one line that names the place, or do no harm; none traps.
struct JudgedDamageTests {
    private func check(
        _ damage: FolderDamage, _ benchmark: any Benchmark, _ predictions: String
    ) throws {
        let source = PackagePaths.fixture("benchmarks/\(benchmark.card.id)")
        let folder = try TemporaryFolder()
        let answers = try folder.write("answers.jsonl", predictions)
        try damage.check(source) { (files) throws(EvaluationError) in
            _ = try benchmark.questions(try BenchmarkFiles(files))
            var recorder = ScoreRecorder()
            try benchmark.score(
                try Predictions(answers), against: try BenchmarkFiles(files),
                variant: try benchmark.card.variant(nil), into: &recorder)
        }
    }

    private static let chart = [
        ("human_0", "3"), ("human_1", "Norway"), ("human_2", "12"), ("augmented_0", "47%"),
        ("augmented_1", "yes"),
    ]
    static let chartAnswers = chart.map {
        "{\"question_id\": \"\($0.0)\", \"text\": \"\($0.1)\"}\n"
    }
    .joined()

    static let chartDamage: [FolderDamage] =
        FolderDamage.common("test_human.json").filter { !$0.name.contains("missing") } + [
            .init("one half gone", "test_augmented.json", .mismatch, ["2 answers", "augmented_0"]) {
                _ in nil
            },
            .replace(
                "no label", "test_human.json", .wrongFile, ["label", "element 0"], "label", "lable"),
            .replace(
                "label is a number", "test_human.json", .wrongFile, ["element 0", "a number"],
                "\"3\"", "3"),
            .text(
                "another benchmark's map", "test_human.json", .wrongFile, ["imgname"],
                #"{"v1_0": {"question": "?"}}"#),
            .text(
                "a list of texts", "test_human.json", .wrongFile, ["element 0", "a string"],
                #"["a", "b"]"#),
            .text("a number", "test_human.json", .wrongFile, ["a number"], "7"),
            .text("CSV", "test_human.json", .malformedFile, [":1:"], "imgname,query\nx.png,y\n"),
        ]

    @Test(arguments: chartDamage)
    func `ChartQA's files`(_ damage: FolderDamage) throws {
        try check(damage, ChartQA(), Self.chartAnswers)
    }

    static let docAnswers = """
        [{"questionId": 101, "answer": "3/3/98"}, {"questionId": 102, "answer": "dr. weiss"},
         {"questionId": 103, "answer": "1250"}]
        """

    static let docDamage: [FolderDamage] =
        FolderDamage.common("val_v1.0.json") + [
            .replace(
                "no data", "val_v1.0.json", .wrongFile, ["data"], "\"data\"", "\"annotations\""),
            .replace(
                "an id twice", "val_v1.0.json", .malformedFile, ["102", "data[1]"], "103", "102"),
            .replace("an id as text", "val_v1.0.json", nil, [], "101,", "\"101\","),
            .replace(
                "an id that is null", "val_v1.0.json", .wrongFile, ["data[0]", "questionId"],
                "101,", "null,"),
            .replace("other ids", "val_v1.0.json", .mismatch, ["1 answers", "103"], "103", "104"),
            .replace(
                "answers are a text", "val_v1.0.json", .wrongFile, ["answers", "data[1]"],
                "[\"Dr. Weiß\"]", "\"Dr. Weiß\""),
            .replace(
                "no answers", "val_v1.0.json", .wrongFile, ["102", "test split"],
                "[\"Dr. Weiß\"]", "[]"),
            .replace(
                "a key twice", "val_v1.0.json", .malformedFile, ["duplicate"], "docId",
                "question"),
            .text("a list", "val_v1.0.json", .wrongFile, ["an array"], "[]"),
        ]

    @Test(arguments: docDamage)
    func `DocVQA's files`(_ damage: FolderDamage) throws {
        try check(damage, DocVQA(), Self.docAnswers)
    }

    static let vetGrades = """
        {"v1_0": {"model": ["j"], "content": ["0.5"], "score": [0.5]},
         "v1_1": {"model": ["j"], "content": ["1.0"], "score": [1.0]},
         "v1_2": {"model": ["j"], "content": ["0.1"], "score": [0.1]}}
        """

    static let vetDamage: [FolderDamage] =
        FolderDamage.common("mm-vet.json")
        + FolderDamage.common("llava-mm-vet.jsonl").filter { !$0.name.contains("missing") } + [
            .replace(
                "no capability", "mm-vet.json", .wrongFile, ["capability", "v1_0"],
                "\"capability\"", "\"capabilities\""),
            .replace("another id", "mm-vet.json", .mismatch, ["question 2"], "v1_2\":", "v1_9\":"),
            .replace(
                "an id twice", "mm-vet.json", .malformedFile, ["duplicate", "v1_1"], "v1_2\":",
                "v1_1\":"),
            .replace(
                "the answer is a list", "mm-vet.json", .wrongFile, ["answer", "v1_0"],
                "\"2<AND>7\"", "[\"2\", \"7\"]"),
            .text("a list", "mm-vet.json", .wrongFile, ["v1_0"], "[1, 2]"),
            .text("an empty map", "mm-vet.json", .wrongFile, ["v1_0"], "{}"),
            .replace(
                "a question that is not there", "llava-mm-vet.jsonl", .mismatch, ["question 7"],
                "\"question_id\": 1", "\"question_id\": 7"),
        ]

    @Test(arguments: vetDamage)
    func `MM-Vet's files`(_ damage: FolderDamage) throws {
        try check(damage, MMVet(), Self.vetGrades)
    }

    static let benchReviews = (0..<3).map {
        "{\"question_id\": \($0), \"category\": \"llava_bench_conv\", \"content\": \"8 7\", "
            + "\"tuple\": [8.0, 7.0]}\n"
    }.joined()

    static let benchDamage: [FolderDamage] =
        FolderDamage.common("questions.jsonl") + [
            .replace(
                "an id twice", "questions.jsonl", .malformedFile, [":2", "is taken"],
                "\"question_id\": 1", "\"question_id\": 0"),
            .replace(
                "other ids", "questions.jsonl", .mismatch, ["2"], "\"question_id\": 2",
                "\"question_id\": 20"),
            .replace(
                "no category", "questions.jsonl", .wrongFile, [":1", "category"],
                "\"category\"", "\"kind\""),
            .replace(
                "no id", "questions.jsonl", .wrongFile, [":1", "question_id"],
                "\"question_id\"", "\"qid\""),
        ]

    @Test(arguments: benchDamage)
    func `LLaVA-Bench's files`(_ damage: FolderDamage) throws {
        try check(damage, LLaVABench(), Self.benchReviews)
    }

    static let planDamage: [FolderDamage] =
        FolderDamage.common("context.jsonl") + FolderDamage.common("answers_gpt4.jsonl")
        + FolderDamage.common("rule.json").filter { !$0.name.contains("missing") } + [
            .replace(
                "a picture without context", "context.jsonl", .mismatch, ["002.jpg"],
                "\"002.jpg\"", "\"003.jpg\""),
            .replace(
                "a reference for another question", "answers_gpt4.jsonl", .mismatch, ["1"],
                "\"question_id\": 1", "\"question_id\": 5"),
            .replace(
                "a rule is not there", "rule.json", .wrongFile, ["llava_bench_detail"],
                "llava_bench_detail", "llava_bench_other"),
            .replace(
                "no such category", "questions.jsonl", .wrongFile, ["poem"], "complex", "poem"),
        ]

    @Test(arguments: planDamage)
    func `LLaVA-Bench's files for the judge`(_ damage: FolderDamage) throws {
        let folder = try TemporaryFolder()
        let answers = try folder.write(
            "answers.jsonl",
            (0..<3).map { "{\"question_id\": \($0), \"text\": \"An answer.\"}\n" }.joined())
        try damage.check(PackagePaths.fixture("benchmarks/llavabench")) {
            (files) throws(EvaluationError) in
            _ = try LLaVABench().judgePlan(
                for: try Predictions(answers), files: try BenchmarkFiles(files), runs: 1)
        }
    }

    static let ownAnswers = """
        {"question_id": "picture-0-colour", "text": "red"}
        {"question_id": "picture-0-count", "text": "2"}
        {"question_id": "picture-1-letter", "text": "B"}

        """

    static let ownDamage: [FolderDamage] =
        FolderDamage.common("questions.jsonl") + [
            .replace(
                "an id twice", "questions.jsonl", .malformedFile, [":2", "picture-0-colour"],
                "picture-0-count", "picture-0-colour"),
            .replace(
                "an id missing", "questions.jsonl", .wrongFile, [":2", "id"],
                "\"question_id\": \"picture-0-count\",", ""),
            .replace(
                "other ids", "questions.jsonl", .mismatch, ["1 answers", "picture-0-count"],
                "picture-0-count", "picture-0-number"),
            .replace(
                "no answer", "questions.jsonl", .wrongFile, [":2", "answer"], "\"answer\"",
                "\"gold\""),
            .replace("the answer is a number", "questions.jsonl", .wrongFile, [":2"], "\"1\"", "1"),
            .replace(
                "no right answers", "questions.jsonl", .wrongFile, ["picture-1-letter"],
                "[\"B\"]", "[]"),
            .replace(
                "nobody asks", "questions.jsonl", .wrongFile, [":1", "human"], "human", "robot"),
            .replace(
                "nobody answers", "questions.jsonl", .wrongFile, [":1", "gpt"], "\"gpt\"",
                "\"human\""),
            .replace(
                "the picture is a number", "questions.jsonl", .wrongFile, [":1", "image"],
                "\"picture-0.png\"", "0"),
            .replace(
                "conversations are a text", "questions.jsonl", .wrongFile, [":1"],
                "\"conversations\": [", "\"conversations\": \"\", \"turns\": ["),
        ]

    @Test(arguments: ownDamage)
    func `files of one's own`(_ damage: FolderDamage) throws {
        try check(damage, Custom(), Self.ownAnswers)
    }
}
