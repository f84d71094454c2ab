import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct VQAQuestionTests {
    private static let short = "\nAnswer the question using a single word or phrase."

    private static func questions(
        _ benchmark: any Benchmark, without removed: [String] = []
    ) throws -> [Question] {
        let source = PackagePaths.fixture("benchmarks/\(benchmark.card.id)")
        guard !removed.isEmpty else {
            return try benchmark.questions(try BenchmarkFiles(source))
        }
        let folder = try TemporaryFolder()
        let path = folder.file("data")
        try FileManager.default.copyItem(atPath: source, toPath: path)
        for name in removed { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
        let questions = try benchmark.questions(try BenchmarkFiles(path))
        for question in questions.prefix(1) { #expect(try !question.pictures[0].load().isEmpty) }
        return questions
    }

    @Test func `VQAv2 asks LLaVA's file`() throws {
        let questions = try Self.questions(VQAv2())
        #expect(questions.map(\.id.text) == ["7000", "7001", "9000"])
        #expect(questions[0].text == "What colour is the square?" + Self.short)
        #expect(questions[1].pictures[0].name == "COCO_test2015_000000000007.jpg")
        #expect(try questions[0].pictures[0].load().count > 100)
    }

    @Test func `VQAv2's own files give the same kind of questions`() throws {
        let questions = try Self.questions(
            VQAv2(), without: ["llava_vqav2_mscoco_test-dev2015.jsonl"])
        #expect(questions.map(\.id) == [42000, 42001, 43000].map { QuestionID($0) })
        #expect(questions[1].text == "Is it a picture?" + Self.short)
        #expect(questions[0].pictures[0].name == "COCO_val2014_000000000042.jpg")
        #expect(questions[1].expected == Array(repeating: "yes", count: 10))
    }

    @Test func `VizWiz asks for Unanswerable`() throws {
        let suffix =
            "\nWhen the provided information is insufficient, respond with 'Unanswerable'."
            + Self.short
        let lines = try Self.questions(VizWiz())
        #expect(lines[1].text == "Which can is it?" + suffix)
        #expect(lines.map(\.id.text) == ["0", "1", "2"])
        let test = try Self.questions(VizWiz(), without: ["llava_test.jsonl"])
        #expect(test.map(\.text) == lines.map(\.text))
        #expect(test[0].id.text == "VizWiz_test_00000000.jpg")
        let val = try Self.questions(VizWiz(), without: ["llava_test.jsonl", "test.json"])
        #expect(val[0].pictures[0].name == "VizWiz_val_00000000.jpg")
        #expect(val[2].expected.count == 10)
    }

    @Test func `TextVQA's prompts are the same from LLaVA's file and from the annotations`() throws
    {
        let lines = try Self.questions(TextVQA())
        #expect(
            lines[0].text == "What does the sign say?\nReference OCR token: STOP, 42" + Self.short)
        #expect(lines[2].text == "Who made this?\nReference OCR token: " + Self.short)
        let built = try Self.questions(
            TextVQA(), without: ["llava_textvqa_val_v051_ocr.jsonl"])
        #expect(built.map(\.text) == lines.map(\.text))
        #expect(built.map(\.id) == lines.map(\.id))
        #expect(built[1].expected == Array(repeating: "42", count: 10))
        let plain = try Self.questions(
            TextVQA(),
            without: [
                "llava_textvqa_val_v051_ocr.jsonl", "TextVQA_Rosetta_OCR_v0.2_val.json",
            ])
        #expect(plain[0].text == "What does the sign say?" + Self.short)
    }

    @Test func `the prompts lead back to their questions`() throws {
        let folder = PackagePaths.fixture("benchmarks/textvqa")
        let temporary = try TemporaryFolder()
        var lines = ""
        for question in try Self.questions(TextVQA()) {
            lines +=
                try JSONValue.object([
                    "question_id": question.id.json, "prompt": .string(question.text),
                    "text": "stop",
                ]).text(.compact) + "\n"
        }
        try AtomicFile.write(lines, to: temporary.file("answers.jsonl"))
        let recorder = try scoredVQA(TextVQA(), temporary.file("answers.jsonl"), folder)
        #expect(recorder.items.map(\.id.text) == ["34602", "34603", "34604"])
        #expect(recorder.items.map(\.score) == [1, 0, 0])
    }

    @Test func `VQAv2's upload holds every question of test2015`() throws {
        let folder = PackagePaths.fixture("benchmarks/vqav2")
        let temporary = try TemporaryFolder()
        try AtomicFile.write(
            #"{"question_id": 9000, "text": "Four, I think."}"# + "\n"
                + #"{"question_id": 7000, "text": "Red"}"#, to: temporary.file("a.jsonl"))
        let made = try VQAv2().submission(
            of: try Predictions(temporary.file("a.jsonl")), files: try BenchmarkFiles(folder))
        let submission = try #require(made)
        #expect(
            try JSONValue(parsing: submission.bytes) == [
                ["question_id": 7000, "answer": "red"], ["question_id": 7001, "answer": ""],
                ["question_id": 9000, "answer": "4 i think"],
                ["question_id": 11000, "answer": ""],
            ])
        try AtomicFile.write(
            #"[{"question_id": 5, "answer": "x"}]"#, to: temporary.file("b.json"))
        #expect(throws: EvaluationError.self) {
            try VQAv2().submission(
                of: try Predictions(temporary.file("b.json")), files: try BenchmarkFiles(folder))
        }
    }

    @Test func `VizWiz's upload needs every answer`() throws {
        let folder = PackagePaths.fixture("benchmarks/vizwiz")
        let temporary = try TemporaryFolder()
        let first = #"{"question_id": 0, "text": "A box"}"# + "\n"
        try AtomicFile.write(first, to: temporary.file("a.jsonl"))
        #expect(throws: EvaluationError.self) {
            try VizWiz().submission(
                of: try Predictions(temporary.file("a.jsonl")), files: try BenchmarkFiles(folder))
        }
        try AtomicFile.write(
            first + #"{"question_id": 2, "text": "Yes."}"# + "\n"
                + #"{"question_id": 1, "text": "Unanswerable"}"#, to: temporary.file("b.jsonl"))
        let made = try VizWiz().submission(
            of: try Predictions(temporary.file("b.jsonl")), files: try BenchmarkFiles(folder))
        let submission = try #require(made)
        #expect(
            try JSONValue(parsing: submission.bytes) == [
                ["image": "VizWiz_test_00000000.jpg", "answer": "box"],
                ["image": "VizWiz_test_00000001.jpg", "answer": "unanswerable"],
                ["image": "VizWiz_test_00000002.jpg", "answer": "yes"],
            ])
    }

    @Test func `annotations in a zip archive are read in place`() throws {
        let source = PackagePaths.fixture("benchmarks/vqav2")
        let folder = try TemporaryFolder()
        let name = "v2_mscoco_val2014_annotations.json"
        var writer = ZipWriter()
        try writer.add(
            "v2/\(name)", try Array(Data(contentsOf: URL(filePath: "\(source)/\(name)"))))
        try AtomicFile.write(try writer.finished(), to: folder.file("annotations.zip"))
        try AtomicFile.write(
            #"[{"question_id": 42000, "answer": "green"}, {"question_id": 42001, "answer": "yes"},"#
                + #" {"question_id": 43000, "answer": "three"}]"#, to: folder.file("p.json"))
        let recorder = try scoredVQA(VQAv2(), folder.file("p.json"), folder.file("annotations.zip"))
        #expect(recorder.items.map(\.score) == [1, 1, 0.9])
    }

    @Test func `many answers in any order find their questions`() throws {
        let folder = try TemporaryFolder()
        var generator = SplitMix64(seed: 3)
        var annotations: [String] = []
        var answers: [String] = []
        for id in 0..<5000 {
            annotations.append(
                #"{"question_id": \#(id * 7), "image_id": \#(id / 3), "answers": ["\#(id)", "a\#(id)", "\#(id)", "\#(id)", "\#(id)"]}"#
            )
            answers.append(#"{"question_id": "\#(id * 7)", "answer": "\#(id)"}"#)
        }
        answers.shuffle(using: &generator)
        try AtomicFile.write(
            #"{"annotations": [\#(annotations.joined(separator: ", "))]}"#,
            to: folder.file("annotations.json"))
        try AtomicFile.write(
            answers.joined(separator: "\n"), to: folder.file("p.jsonl"))
        let recorder = try scoredVQA(VQAv2(), folder.file("p.jsonl"), folder.path)
        #expect(recorder.items.count == 5000)
        #expect(recorder.figures.first?.value == 100)
        #expect(recorder.evidence.clusterNames.count == 1667)
    }
}
