import MiphaBenchmarks
import MiphaTestSupport
import Testing

/// The formats of predictions, right and wrong.
struct JudgedPredictionTests {
    private func score(
        _ benchmark: any Benchmark, _ predictions: String, variant: String? = nil
    ) throws -> ScoreRecorder {
        let folder = try TemporaryFolder()
        let path = try folder.write("answers.json", predictions)
        return try Judged.score(
            benchmark, path, PackagePaths.fixture("benchmarks/\(benchmark.card.id)"), variant)
    }

    private func expectError(
        _ benchmark: any Benchmark, _ predictions: String, _ code: EvaluationError.Code,
        _ words: String...
    ) {
        do {
            _ = try score(benchmark, predictions)
            Issue.record("no error: \(predictions)")
        } catch let error as EvaluationError {
            #expect(error.code == code, "\(error)")
            for word in words { #expect(error.message.contains(word), "\(error)") }
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func `ChartQA's answers may name picture and question`() throws {
        let recorder = try score(
            ChartQA(),
            """
            [{"imgname": "bars.png", "query": "Which bar is the tallest?", "answer": "norway"},
             {"imgname": "bars.png", "query": "How many bars are red?", "answer": "4"},
             {"imgname": "lines.png", "query": "What is the difference between the two lines in 2014?",
              "prediction": "12"}]
            """)
        #expect(recorder.items.map(\.score) == [0, 1, 1])
        #expect(recorder.figures.count == 1 && recorder.notes.count == 1)
        #expect(recorder.figures[0].part == "human")
    }

    @Test func `ChartQA's answers may stand in order beside the labels`() throws {
        let entries = [
            ("2", "3"), ("Norway", "Norway"), ("12.5", "12.5"), ("47%", "47%"), ("No", "Yes"),
        ]
        let text = entries.map { "{\"answer\": \"\($0.0)\", \"annotation\": [\"\($0.1)\"]}" }
        let recorder = try score(ChartQA(), "[\(text.joined(separator: ","))]")
        #expect(recorder.items.map(\.score) == [0, 1, 1, 1, 0])
        #expect(Judged.figure(recorder, "relaxed_accuracy", "augmented") == 50)
        expectError(
            ChartQA(), "[\(text.reversed().joined(separator: ","))]", .mismatch, "labels")
        expectError(ChartQA(), "[\(text.prefix(2).joined(separator: ","))]", .mismatch, "2 answers")
    }

    @Test func `wrong answers to ChartQA are errors`() {
        let start = "{\"question_id\": \"human_0\", \"text\": \"3\"}\n"
        expectError(ChartQA(), start, .mismatch, "2 of 3", "human_1")
        expectError(
            ChartQA(), "[\(start), {\"question_id\": \"x\", \"text\": \"\"}]", .mismatch, "x")
        expectError(
            ChartQA(), start + "{\"question_id\": \"human_0\", \"text\": \"4\"}\n", .mismatch,
            "human_0", "two different")
        expectError(
            ChartQA(), #"[{"imgname": "bars.png", "answer": "3"}]"#, .mismatch, "bars.png", "query")
        expectError(
            ChartQA(), #"[{"imgname": "none.png", "answer": "3"}]"#, .mismatch, "none.png")
        expectError(ChartQA(), #"[{"imgname": "bars.png"}]"#, .wrongFile, "answer")
        expectError(ChartQA(), "[1]", .wrongFile, "a number")
        expectError(ChartQA(), "", .malformedFile, "empty")
        expectError(ChartQA(), "[", .malformedFile, "1:")
    }

    @Test func `DocVQA takes exactly the questions of the file`() throws {
        expectError(DocVQA(), #"[{"questionId": 101, "answer": "x"}]"#, .mismatch, "2 of 3")
        expectError(
            DocVQA(), #"[{"questionId": 101, "answer": ["x"]}]"#, .wrongFile, "answer")
        let recorder = try score(DocVQA(), JudgedDamageTests.docAnswers)
        #expect(
            recorder.items.map(\.cluster) == [
                "documents/memo_1.png", "documents/memo_1.png", "documents/form_2.png",
            ])
        // 9 code points against 8; "WEISS" is one longer than "Weiß".
        #expect(recorder.items[1].score == 1 - 2.0 / 9)
        #expect(recorder.figures[0].unit == .fraction)
    }

    @Test func `answers are told apart from grades`() throws {
        expectError(MMVet(), #"{"v1_0": "a", "v1_1": "b", "v1_2": "c"}"#, .wrongFile, "judge")
        expectError(MMVet(), "{\"question_id\": 0, \"text\": \"a\"}\n", .wrongFile, "judge", "text")
        expectError(
            LLaVABench(), "{\"question_id\": 0, \"text\": \"a\"}\n", .wrongFile, "judge", "tuple")
    }

    @Test func `wrong grades are errors`() {
        expectError(MMVet(), #"{"v1_0": {"score": [0.5]}}"#, .mismatch, "2 of 3", "v1_1")
        expectError(MMVet(), #"{"v1_0": {"score": [1.5]}}"#, .wrongFile, "v1_0", "0 to 1")
        expectError(MMVet(), #"{"v1_0": {"score": []}}"#, .wrongFile, "v1_0")
        expectError(MMVet(), #"{"v1_0": {"score": ["1"]}}"#, .wrongFile, "v1_0")
        expectError(MMVet(), #"{"v1_0": {"score": [1]}, "v1_9": {}}"#, .wrongFile, "v1_9")
        expectError(
            MMVet(), #"{"v1_0": {"score": [1]}, "0": {"score": [1]}}"#, .malformedFile, "taken")
        let review = "{\"question_id\": 0, \"tuple\": [8, 7]}\n"
        expectError(LLaVABench(), review, .mismatch, "2 of 3")
        expectError(LLaVABench(), review + review, .malformedFile, "taken")
        expectError(
            LLaVABench(), "{\"question_id\": 0, \"tuple\": [8]}\n", .wrongFile, "two numbers")
        expectError(
            LLaVABench(), "{\"question_id\": 0, \"tuple\": [8, null]}\n", .wrongFile, "two numbers")
    }

    @Test(arguments: ["[NaN, 4]", "[8, Infinity]", "[NaN, NaN]", "[-Infinity, 3]"])
    func `a recorded grade that is not finite counts as the judge's path counts it`(
        _ pair: String
    ) throws {
        func reviews(_ first: String) -> String {
            "{\"question_id\": 0, \"tuple\": \(first)}\n"
                + (1..<3).map { "{\"question_id\": \($0), \"tuple\": [8, 4]}\n" }.joined()
        }
        let recorder = try score(LLaVABench(), reviews(pair))
        let without = try score(LLaVABench(), reviews("[-1, -1]"))
        #expect(recorder.figures.map(\.value) == without.figures.map(\.value))
        #expect(recorder.counts[.unparsed] == 1)
    }

    @Test func `MM-Vet's recorded grade of NaN is no grade`() throws {
        func grades(_ first: String) -> String {
            "{\"v1_0\": {\"score\": [\(first)]}, \"v1_1\": {\"score\": [1]}, "
                + "\"v1_2\": {\"score\": [0.5]}}"
        }
        let recorder = try score(MMVet(), grades("NaN"))
        let zero = try score(MMVet(), grades("0"))
        #expect(recorder.figures.map(\.value) == zero.figures.map(\.value))
        #expect(recorder.counts[.unparsed] == 1)
    }

    @Test func `reviews without categories get those of the questions`() throws {
        let recorder = try score(
            LLaVABench(),
            (0..<3).map { "{\"question_id\": \($0), \"score\": [\(8 - $0), 4]}\n" }.joined())
        #expect(Judged.figure(recorder, "relative_score") == 57.1)
        #expect(Judged.figure(recorder, "relative_score", "llava_bench_detail") == 57.1)
        #expect(Judged.figure(recorder, "reference_score", "llava_bench_conv") == 80)
    }

    @Test func `MM-Vet's answers become the file of its evaluator`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "answers.jsonl",
            (0..<3).map { "{\"question_id\": \($0), \"text\": \"t\($0)\"}\n" }.joined())
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/mmvet"))
        let submission = try #require(
            try MMVet().submission(of: try Predictions(path), files: files))
        #expect(
            String(decoding: submission.bytes, as: UTF8.self)
                == "{\n  \"v1_0\": \"t0\",\n  \"v1_1\": \"t1\",\n  \"v1_2\": \"t2\"\n}\n")
    }

    @Test func `without the authors' words the plan says that they are ours`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "answers.jsonl",
            (0..<3).map { "{\"question_id\": \($0), \"text\": \"t\($0)\"}\n" }.joined())
        let files = folder.file("mmvet")
        _ = try folder.copy(of: PackagePaths.fixture("benchmarks/mmvet"), named: "mmvet")
        let own = try MMVet().judgePlan(
            for: try Predictions(path), files: try BenchmarkFiles(files), runs: 2)
        #expect(own.tasks.count == 6 && own.notes[0].contains("not the official text"))
        #expect(Set(own.tasks.map { $0.requests[0].run }) == [0, 1])
        try folder.write(
            "mmvet/mm-vet_evaluator.py",
            "x = 1\nprompt = \"\"\"Do it.\n\nQ | A\n\"\"\"\ny = (z\n  + \"\\nPredict it: \"\n)\n")
        let official = try MMVet().judgePlan(
            for: try Predictions(path), files: try BenchmarkFiles(files), runs: 1)
        #expect(official.notes[0].contains("official one"))
        let requests = official.tasks[1].requests
        #expect(
            requests[0].messages[0].text
                == "Do it.\n\nQ | A\n\nWhat animal is this? | sheep <OR> lamb | t1 | ")
        #expect(requests[1].messages[0].text == requests[0].messages[0].text + "\nPredict it: ")
        #expect(requests.map(\.temperature) == [0, 0, 0.5, 1, 1.5])
        try folder.write("mmvet/mm-vet_evaluator.py", "print(1)\n")
        #expect(throws: EvaluationError.self) {
            try MMVet().judgePlan(
                for: try Predictions(path), files: try BenchmarkFiles(files), runs: 1)
        }
        #expect(throws: EvaluationError.self) {
            try LLaVABench().judgePlan(
                for: try Predictions(path),
                files: try BenchmarkFiles(PackagePaths.fixture("benchmarks/llavabench")), runs: 2)
        }
    }
}
