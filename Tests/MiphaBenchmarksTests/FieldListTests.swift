import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// The lists of fields of benchmark files, their document, and what readers do by them.
struct FieldListTests {
    private static let document = "\(PackagePaths.root)/docs/fields-benchmarks.md"

    @Test func `the document is what the lists say`() throws {
        let text = FieldDocument.markdown(BenchmarkCatalog.all)
        if ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1" {
            try AtomicFile.write(text, to: Self.document)
        }
        let written = try String(contentsOfFile: Self.document, encoding: .utf8)
        #expect(written == text, "MIPHA_WRITE_SNAPSHOTS=1 writes docs/fields-benchmarks.md anew")
    }

    @Test(arguments: BenchmarkCatalog.all.map(\.card.id))
    func `every name is on one list`(_ id: String) throws {
        let lists = try BenchmarkCatalog.named(id).fields
        #expect(lists.count > 1)
        for list in lists {
            let names = list.used + list.irrelevant + list.refused.map(\.name)
            let repeated = Dictionary(grouping: names, by: \.self).filter { $0.value.count > 1 }
            #expect(repeated.isEmpty, "\(list.record)")
            #expect(!list.used.isEmpty)
        }
    }

    @Test(arguments: BenchmarkCatalog.all.map(\.card.id))
    func `the authors' files have no field that no list knows`(_ id: String) throws {
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/\(id)"))
        _ = try BenchmarkCatalog.named(id).questions(files)
        #expect(files.fieldNotes == [])
    }

    /// A file of each benchmark, a text in it, and the text with a further field.
    static let further: [(id: String, file: String, old: String, new: String)] = [
        ("ai2d", "test.jsonl", "\"options\": [\"heat\"", "\"zz\": 1, \"options\": [\"heat\""),
        ("chartqa", "test_human.json", "\"label\": \"3\"", "\"label\": \"3\", \"zz\": 1"),
        ("custom", "questions.jsonl", "\"kind\": \"count\"", "\"kind\": \"count\", \"zz\": 1"),
        ("docvqa", "val_v1.0.json", "\"docId\": 1,", "\"docId\": 1, \"zz\": 1,"),
        ("gqa", "data/testdev_balanced_questions.json", "\"entailed\"", "\"zz\": 1, \"entailed\""),
        (
            "llavabench", "questions.jsonl", "\"category\": \"conv\"",
            "\"zz\": 1, \"category\": \"conv\""
        ),
        ("mmbench", "mmbench_dev_20230712.tsv", "comment", "zz"),
        ("mme", "llava_mme.jsonl", "\"category\"", "\"zz\": 1, \"category\""),
        ("mmmu", "mmmu_val.jsonl", "\"explanation\"", "\"zz\""),
        ("mmvet", "mm-vet.json", "\"imagesource\"", "\"zz\""),
        ("pope", "coco/coco_pope_popular.json", "\"label\"", "\"zz\": 1, \"label\""),
        ("scienceqa", "problems.json", "\"topic\"", "\"zz\""),
        ("seed", "SEED-Bench.json", "\"choice_a\"", "\"zz\": 1, \"choice_a\""),
        ("textvqa", "TextVQA_0.5.1_val.json", "\"image_classes\"", "\"zz\""),
        ("vizwiz", "val.json", "\"question\"", "\"zz\": 1, \"question\""),
        (
            "vqav2", "v2_mscoco_val2014_annotations.json", "\"question_type\"",
            "\"zz\": 1, \"question_type\""
        ),
    ]

    @Test(arguments: further.map(\.id))
    func `a field that nothing reads is remarked on once a file`(_ id: String) throws {
        let change = try #require(Self.further.first { $0.id == id })
        let folder = try TemporaryFolder()
        let copy = folder.file("data")
        try FileManager.default.copyItem(
            atPath: PackagePaths.fixture("benchmarks/\(id)"), toPath: copy)
        let path = "\(copy)/\(change.file)"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try #require(text.contains(change.old))
        try AtomicFile.write(text.replacing(change.old, with: change.new), to: path)
        // Some annotations are read for scores alone.
        if id == "vizwiz" { try FileManager.default.removeItem(atPath: "\(copy)/llava_test.jsonl") }
        if id == "vizwiz" { try FileManager.default.removeItem(atPath: "\(copy)/test.json") }
        if id == "textvqa" {
            try FileManager.default.removeItem(atPath: "\(copy)/llava_textvqa_val_v051_ocr.jsonl")
        }
        if id == "vqav2" {
            try FileManager.default.removeItem(
                atPath: "\(copy)/llava_vqav2_mscoco_test-dev2015.jsonl")
        }
        let files = try BenchmarkFiles(copy)
        _ = try BenchmarkCatalog.named(id).questions(files)
        let notes = files.fieldNotes
        #expect(notes.count == 1)
        #expect(notes.first?.contains("\(path): nothing reads the field \"zz\"") == true)
    }

    @Test func `answers with unknown fields carry a note with their names`() throws {
        let folder = try TemporaryFolder()
        let questions = try folder.write(
            "questions.jsonl",
            (0..<3).map { "{\"id\": \($0), \"question\": \"?\", \"answer\": \"yes\"}\n" }.joined())
        let names = (0..<10).map { "\"x\($0)\": 1" }.joined(separator: ", ")
        let answers = try folder.write(
            "answers.jsonl",
            (0..<3).map { "{\"id\": \($0), \"text\": \"no\", \(names)}\n" }.joined())
        let report = try Scoring(Custom()).score(
            Predictions(answers), against: BenchmarkFiles(questions)
        ).report
        #expect(report.notes.count == 1)
        let note = report.notes.first ?? ""
        #expect(note.contains("\(answers): nothing reads the fields \"x0\", \"x1\""))
        #expect(note.contains("\"x7\" and 2 more"))
    }

    static let refused: [(id: String, name: String)] = ["ai2d", "custom", "mmmu"].flatMap { id in
        (try? BenchmarkCatalog.named(id).fields.flatMap(\.refused).map { (id, $0.name) }) ?? []
    }

    @Test(arguments: refused.map { "\($0.id) \($0.name)" })
    func `a field that would change results is an error that names it`(_ key: String) throws {
        let (id, name) = try #require(Self.refused.first { "\($0.id) \($0.name)" == key })
        let starts = [
            "ai2d": #"{"question": "?", "options": ["a", "b"], "answer": 0, "#,
            "custom": #"{"id": 1, "question": "?", "answer": "yes", "#,
            "mmmu": #"{"id": "validation_Math_2", "question": "?", "question_type": "open", "#,
        ]
        let file = ["ai2d": "test.jsonl", "custom": "questions.jsonl", "mmmu": "mmmu_val.jsonl"]
        let folder = try TemporaryFolder()
        let start = try #require(starts[id])
        let benchmark = try BenchmarkCatalog.named(id)
        for (value, isError) in [("\"a\"", true), ("null", false)] {
            try folder.write(try #require(file[id]), start + "\"\(name)\": \(value)}\n")
            let error = evaluationFailure {
                _ = try benchmark.questions(BenchmarkFiles(folder.path))
            }
            #expect((error != nil) == isError)
            if isError {
                #expect(error?.message.contains("\"\(name)\" is not honoured") == true)
            }
        }
    }
}
