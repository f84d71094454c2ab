import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// A pair of files and what becomes of scoring them.
struct VQADamageCase: Sendable, CustomTestStringConvertible {
    let name: String
    let predictions: [UInt8]
    let annotations: [UInt8]
    /// The error, or nil where the documented policy accepts the files.
    let code: EvaluationError.Code?
    /// A part of the message.
    let message: String

    init(
        _ name: String, _ predictions: String, _ annotations: String,
        _ code: EvaluationError.Code?, _ message: String = ""
    ) {
        self.name = name
        self.predictions = Array(predictions.utf8)
        self.annotations = Array(annotations.utf8)
        self.code = code
        self.message = message
    }

    var testDescription: String { name }

    /// Replaces the character ~ by the Latin-1 byte of é.
    static func latin1(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 == UInt8(ascii: "~") ? 0xE9 : $0 }
    }

    func check(_ benchmark: any Benchmark, _ annotationName: String) throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(Self.latin1(predictions), to: folder.file("predictions"))
        try AtomicFile.write(Self.latin1(annotations), to: folder.file(annotationName))
        do {
            let recorder = try scoredVQA(benchmark, folder.file("predictions"), folder.path)
            #expect(code == nil, "no error; \(recorder.figures.map(\.value))")
            #expect(recorder.itemCount > 0)
        } catch let error as EvaluationError {
            #expect(error.code == code, "\(error)")
            #expect(error.message.contains(message), "\(error)")
            #expect(!error.message.contains("\n"))
        }
    }
}

struct VQADamageTests {
    private static let ten = Array(repeating: #"{"answer": "cat"}"#, count: 10)
        .joined(separator: ", ")
    private static func annotation(_ id: Int, _ answers: String = "[\(ten)]") -> String {
        #"{"question_id": \#(id), "image_id": 7, "question_type": "what", "answer_type": "other", "answers": \#(answers)}"#
    }
    private static let gold =
        #"{"annotations": [\#(annotation(1)), \#(annotation(2))]}"#
    private static let sound =
        #"[{"question_id": 1, "answer": "cat"}, {"question_id": 2, "answer": "dog"}]"#

    static let vqav2: [VQADamageCase] = [
        .init("sound", sound, gold, nil),
        .init(
            "byte order mark and CRLF",
            "\u{FEFF}" + sound.replacing(", {", with: ",\r\n{") + "\r\n", "\u{FEFF}" + gold, nil),
        .init(
            "JSON lines with empty lines",
            "{\"question_id\": 1, \"answer\": \"cat\"}\r\n\r\n"
                + "{\"question_id\": \"2\", \"answer\": \"x\"}\n", gold, nil),
        .init(
            "NaN and half a surrogate pair, as Python writes them",
            sound.replacing("dog", with: "\\ud83d"),
            gold.replacing("\"image_id\": 7", with: "\"image_id\": 7, \"x\": NaN"), nil),
        .init(
            "the same answer twice",
            sound.replacing("]", with: #", {"question_id": 2, "answer": "dog"}]"#), gold, nil),
        .init("empty predictions", "", gold, .malformedFile, "predictions"),
        .init("blank predictions", " \n ", gold, .malformedFile, "predictions"),
        .init("no predictions", "[]", gold, .wrongFile, "no answers"),
        .init("truncated predictions", String(sound.dropLast(9)), gold, .malformedFile, "1:"),
        .init("predictions as CSV", "question_id,answer\n1,cat", gold, .wrongFile, "JSON lines"),
        .init(
            "predictions by id in one object", #"{"1": "cat", "2": "dog"}"#, gold, .wrongFile,
            "found the keys 1, 2"),
        .init("a list of texts", #"["cat"]"#, gold, .wrongFile, "an object for each answer"),
        .init(
            "an answer without a text", #"[{"question_id": 1}]"#, gold, .wrongFile,
            "text or answer"),
        .init(
            "an answer without an id", #"[{"answer": "cat"}]"#, gold, .wrongFile, "question_id"),
        .init(
            "an answer that is a number", sound.replacing("\"cat\"", with: "3"), gold,
            .malformedFile, "expected a string"),
        .init(
            "an id that is a fraction", sound.replacing(": 1,", with: ": 1.5,"), gold,
            .malformedFile, "integer"),
        .init(
            "Latin-1 predictions", sound.replacing("dog", with: "caf~"), gold, .malformedFile,
            "UTF-8"),
        .init(
            "a question without an answer", #"[{"question_id": 1, "answer": "cat"}]"#, gold,
            .mismatch, "1 of its 2 questions have no answer (2)"),
        .init(
            "answers to other questions",
            sound.replacing("]", with: #", {"question_id": 9, "answer": "x"}]"#), gold, .mismatch,
            "1 of 3 answers are to questions it does not have (9)"),
        .init(
            "two answers to one question",
            sound.replacing("]", with: #", {"question_id": 2, "answer": "x"}]"#), gold, .mismatch,
            "two different answers, in the elements 1 and 2"),
        .init("empty annotations", sound, "", .wrongFile, "VQAv2's annotations"),
        .init("truncated annotations", sound, String(gold.dropLast(40)), .malformedFile, "1:"),
        .init(
            "annotations without their list", sound, #"{"questions": []}"#, .wrongFile,
            "found \"questions\""),
        .init("annotations as a list", sound, "[\(annotation(1))]", .wrongFile, "an array"),
        .init("annotations without questions", sound, #"{"annotations": []}"#, .wrongFile),
        .init(
            "a question that is annotated twice", sound,
            #"{"annotations": [\#(annotation(1)), \#(annotation(2)), \#(annotation(1))]}"#,
            .malformedFile, "question 1 is there twice"),
        .init(
            "a question without answers", sound,
            #"{"annotations": [\#(annotation(1, "[]")), \#(annotation(2))]}"#, .malformedFile,
            "question_id and answers"),
        .init(
            "an annotation with a plain number as answer", sound,
            #"{"annotations": [\#(annotation(1, "[3]")), \#(annotation(2))]}"#, .malformedFile,
            "an object"),
        .init(
            "Latin-1 annotations", sound, gold.replacing("cat", with: "caf~"), .malformedFile,
            "UTF-8"),
    ]

    @Test(arguments: vqav2)
    func `VQAv2 files`(damage: VQADamageCase) throws {
        try damage.check(VQAv2(), "v2_mscoco_val2014_annotations.json")
    }

    private static func photo(_ image: String, _ rest: String = #", "answers": [\#(ten)]"#)
        -> String
    {
        #"{"image": "\#(image).jpg", "question": "?", "answer_type": "other"\#(rest)}"#
    }
    private static let photos = "[\(photo("a")), \(photo("b"))]"
    private static let upload =
        #"[{"image": "a.jpg", "answer": "cat"}, {"image": "b.jpg", "answer": "x"}]"#

    static let vizWiz: [VQADamageCase] = [
        .init("sound", upload, photos, nil),
        .init(
            "names without ending, as lines",
            #"{"question_id": "a", "text": "cat"}"# + "\r\n"
                + #"{"question_id": "b", "text": "x"}"#, photos, nil),
        .init("byte order marks", "\u{FEFF}" + upload, "\u{FEFF}" + photos, nil),
        .init(
            "answers as plain texts", upload,
            "[\(photo("a", #", "answers": ["x", "y"]"#)), \(photo("b"))]", nil),
        .init("empty predictions", "", photos, .malformedFile, "predictions"),
        .init("truncated predictions", String(upload.dropLast(4)), photos, .malformedFile, "1:"),
        .init(
            "no picture", #"[{"answer": "cat"}]"#, photos, .wrongFile, "image or question_id"),
        .init(
            "a missing answer", #"[{"image": "a.jpg", "answer": "cat"}]"#, photos, .mismatch,
            "(b.jpg)"),
        .init(
            "another split's answers", upload.replacing("a.jpg", with: "c.jpg"), photos, .mismatch,
            "(c.jpg)"),
        .init(
            "two answers to one picture",
            upload.replacing("]", with: #", {"image": "a.jpg", "answer": "y"}]"#), photos,
            .mismatch, "two different answers"),
        .init("empty annotations", upload, "", .wrongFile, "VizWiz's annotations (val.json)"),
        .init("VQAv2's annotations", upload, gold, .wrongFile, "expected an array"),
        .init("truncated annotations", upload, String(photos.dropLast(30)), .malformedFile, "1:"),
        .init(
            "the test split", upload, "[\(photo("a", "")), \(photo("b", ""))]", .malformedFile,
            "server"),
        .init(
            "a picture twice", upload, "[\(photo("a")), \(photo("b")), \(photo("a"))]",
            .malformedFile, "twice"),
        .init(
            "Latin-1 annotations", upload, photos.replacing("cat", with: "caf~"), .malformedFile,
            "UTF-8"),
        .init("no annotations", upload, "[]", .wrongFile, "no VizWiz annotations"),
    ]

    @Test(arguments: vizWiz)
    func `VizWiz files`(damage: VQADamageCase) throws {
        try damage.check(VizWiz(), "val.json")
    }

    private static let words = Array(repeating: #""stop""#, count: 10).joined(separator: ", ")
    private static func sign(_ id: Int, _ image: String, _ answers: String = words) -> String {
        #"{"question_id": \#(id), "image_id": "\#(image)", "question": "what is \#(id)?", "answers": [\#(answers)]}"#
    }
    private static let signs =
        #"{"data": [\#(sign(1, "aa")), \#(sign(2, "aa")), \#(sign(3, "bb"))]}"#
    private static func line(_ image: String, _ prompt: String) -> String {
        #"{"question_id": "\#(image)", "prompt": "\#(prompt)", "text": "Stop."}"#
    }

    static let textVQA: [VQADamageCase] = [
        .init("a line of two", line("aa", "What is 2?\\nAnswer."), signs, nil),
        .init(
            "recognised text first",
            line("aa", "Reference OCR token: a, b\\nWHAT IS 1?\\nAnswer."), signs, nil),
        .init(
            "recognised text with line breaks",
            line("aa", "What is 1?\\nReference OCR token: a\\nb, c\\nAnswer."), signs, nil),
        .init(
            "the prompt of LLaVA 1.0",
            line("bb", "OCR tokens: a. Question: What is 3? Short answer:"), signs, nil),
        .init(
            "a picture with one question", line("bb", "").replacing(#""prompt": "", "#, with: ""),
            signs, nil),
        .init("the annotations' ids", #"[{"question_id": 2, "answer": "stop"}]"#, signs, nil),
        .init(
            "the same line twice",
            line("bb", "What is 3?\\nA") + "\r\n"
                + line("bb", "What is 3?\\nA"), "\u{FEFF}" + signs, nil),
        .init(
            "a picture with two questions and no prompt",
            line("aa", "").replacing(#""prompt": "", "#, with: ""), signs, .wrongFile,
            "2 questions"),
        .init(
            "an unknown question", line("aa", "What is 7?\\nAnswer."), signs, .mismatch,
            "1 answers are to questions it does not have (aa)"),
        .init("an unknown picture", line("cc", "What is 1?\\nA"), signs, .mismatch, "(cc)"),
        .init(
            "two answers to one question",
            line("bb", "What is 3?\\nA") + "\n"
                + line("bb", "What is 3?\\nA").replacing("Stop", with: "Go"), signs, .mismatch,
            "two different answers"),
        .init("empty predictions", "", signs, .malformedFile, "predictions"),
        .init(
            "truncated predictions", String(line("bb", "x").dropLast(3)), signs, .malformedFile,
            "1:"),
        .init("empty annotations", line("bb", "x"), "", .wrongFile, "TextVQA_0.5.1_val.json"),
        .init(
            "recognised text instead of annotations", line("bb", "x"),
            #"{"data": [{"image_id": "aa", "ocr_tokens": []}]}"#, .wrongFile,
            "TextVQA_0.5.1_val.json"),
        .init(
            "nine answers", line("bb", "x"),
            #"{"data": [\#(sign(1, "aa", "\"stop\""))]}"#, .malformedFile, "expected ten answers"),
        .init(
            "a question twice", line("bb", "x"),
            #"{"data": [\#(sign(1, "aa")), \#(sign(1, "aa"))]}"#, .malformedFile, "twice"),
        .init(
            "truncated annotations", line("bb", "x"), String(signs.dropLast(20)), .malformedFile,
            "1:"),
        .init(
            "Latin-1 annotations", line("bb", "x"), signs.replacing("stop", with: "caf~"),
            .malformedFile, "UTF-8"),
        .init("no annotations", line("bb", "x"), #"{"data": []}"#, .wrongFile, "no annotations"),
    ]

    @Test(arguments: textVQA)
    func `TextVQA files`(damage: VQADamageCase) throws {
        try damage.check(TextVQA(), "TextVQA_0.5.1_val.json")
    }

    @Test func `a folder without the files says what was looked for`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(Self.sound, to: folder.file("p.json"))
        for benchmark in [VQAv2(), VizWiz(), TextVQA()] as [any Benchmark] {
            do {
                _ = try scoredVQA(benchmark, folder.file("p.json"), folder.path)
                Issue.record("\(benchmark.card.id): no error")
            } catch let error as EvaluationError {
                #expect(error.code == .missingFile)
                #expect(error.message.contains("val"), "\(error)")
            }
        }
    }
}
