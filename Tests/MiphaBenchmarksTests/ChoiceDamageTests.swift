import MiphaBenchmarks
import Testing

struct POPEDamageTests {
    static let yes = "{\"image\": \"a\", \"text\": \"?\", \"label\": \"yes\"}\n"
    static let no = "{\"image\": \"a\", \"text\": \"?\", \"label\": \"no\"}\n"
    static let sound = [
        "coco/coco_pope_adversarial.json": yes + no, "coco/coco_pope_popular.json": yes + no,
        "coco/coco_pope_random.json": yes,
        "question_ids_by_category.json":
            "{\"adversarial\": [1, 2], \"popular\": [20000001, 20000002], \"random\": [10000001]}",
        "a.jsonl": line(1, "Yes") + line(2, "No") + line(20_000_001, "Yes")
            + line(20_000_002, "No") + line(10_000_001, "Yes"),
    ]

    static func line(_ id: Int, _ text: String) -> String {
        "{\"question_id\": \(id), \"text\": \"\(text)\"}\n"
    }

    static let random = "coco/coco_pope_random.json"
    static let answers = sound["a.jsonl"] ?? ""
    static let ids = "question_ids_by_category.json"
    static let cases: [DamagedFiles] = [
        .init("sound files", [:], value: 1),
        .init("no label file", [random: nil], .missingFile, "random"),
        .init("0 bytes", [random: ""], .malformedFile, "coco_pope_random.json", "empty"),
        .init("blank lines only", [random: " \n\r\n"], .malformedFile, "empty"),
        .init("one label more", [random: yes + no], .mismatch, "1 questions", "2 labels", "2,910"),
        .init(
            "truncated line", [random: "{\"image\": \"a\", \"te"], .malformedFile, "random.json:1"),
        .init("label maybe", [random: yes.replacing("yes", with: "maybe")], .wrongFile, "label"),
        .init("no label", [random: "{\"image\": \"a\", \"text\": \"?\"}"], .wrongFile, "\"label\""),
        .init(
            "another benchmark's lines", [random: "{\"questionId\": 1}"], .wrongFile, "questionId"),
        .init("lines of numbers", [random: "1\n2\n"], .wrongFile, "an object", "a number"),
        .init("byte order mark", [random: "\u{FEFF}" + yes], value: 1),
        .init("Windows line ends", [random: yes.replacing("\n", with: "\r\n") + "\r\n"], value: 1),
        .init("a JSON array of labels", [random: "[\(yes)]"], value: 1),
        .init(
            "Latin-1", random,
            bytes: Array("{\"image\": \"caf".utf8) + [0xE9] + Array("\"}\n".utf8), .malformedFile,
            "random.json:1"),
        .init("answers with 0 bytes", ["a.jsonl": ""], .malformedFile, "a.jsonl", "empty"),
        .init(
            "an answer less", ["a.jsonl": answers.replacing(line(2, "No"), with: "")], .mismatch,
            "1 answers", "adversarial", "2 labels"),
        .init(
            "an unknown id", ["a.jsonl": answers + line(77, "No")], .mismatch, "1 question ids",
            "77"),
        .init("an id twice", ["a.jsonl": answers + line(2, "No")], .mismatch, "2", "twice"),
        .init("answers of ChartQA", ["a.jsonl": "{\"imgname\": \"x\"}"], .wrongFile, "imgname"),
        .init(
            "truncated answers", ["a.jsonl": answers + "{\"question"], .malformedFile, "a.jsonl:6"),
        .init(
            "answers in one array",
            ["a.jsonl": "[\(answers.split(separator: "\n").joined(separator: ","))]"], value: 1),
        .init("ids of an unknown category", [ids: "{\"hard\": [1]}"], .wrongFile, "hard"),
        .init("ids that are no list", [ids: "{\"random\": 3}"], .wrongFile, "random"),
        .init(
            "a repeated id",
            [ids: "{\"adversarial\": [1, 2], \"popular\": [1, 3], \"random\": [4]}"],
            .malformedFile, "1 is listed twice"),
        .init("no ids at all", [ids: nil], value: 1),
    ]

    @Test(arguments: cases)
    func `damaged files of POPE`(_ damage: DamagedFiles) throws {
        try damage.check(POPE(), Self.sound, answers: "a.jsonl")
    }
}

struct MMEDamageTests {
    static let table =
        "1.jpg\tA? Please answer yes or no.\tYes\n1.jpg\tB?  Please answer yes or no.\tNo\n"
    static let sound = [
        "OCR.txt": table,
        "a.jsonl": line("OCR/1.jpg", "A?", "yes") + line("OCR/1.jpg", "B?", "no"),
    ]
    static let answers = sound["a.jsonl"] ?? ""

    static func line(_ id: String, _ question: String, _ text: String) -> String {
        "{\"question_id\": \"\(id)\", \"prompt\": \"\(question)\\nAnswer the question using a single "
            + "word or phrase.\", \"text\": \"\(text)\"}\n"
    }

    static let cases: [DamagedFiles] = [
        .init("sound files", [:], value: 200, note: "2 questions of 40"),
        .init("no table", ["OCR.txt": nil], .missingFile, "OCR", "Your_Results"),
        .init("0 bytes", ["OCR.txt": ""], .malformedFile, "OCR.txt", "empty"),
        .init(
            "blanks for tabs", ["OCR.txt": table.replacing("\t", with: " ")], .malformedFile,
            "OCR.txt:1", "1 column"),
        .init(
            "a column less", ["OCR.txt": "1.jpg\tA?\n"], .malformedFile, "OCR.txt:1", "2 columns"),
        .init(
            "a gold answer maybe", ["OCR.txt": table.replacing("Yes", with: "Maybe")],
            .malformedFile, "Maybe"),
        .init("byte order mark", ["OCR.txt": "\u{FEFF}" + table], value: 200),
        .init("Windows line ends", ["OCR.txt": table.replacing("\n", with: "\r\n")], value: 200),
        .init(
            "old Macintosh line ends", ["OCR.txt": table.replacing("\n", with: "\r")], value: 200),
        .init(
            "Latin-1", "OCR.txt", bytes: Array("1.jpg\tcaf".utf8) + [0xE9, 0x0A], .malformedFile,
            "OCR.txt:1", "UTF-8"),
        .init(
            "one question on a picture",
            [
                "OCR.txt": "1.jpg\tA? Please answer yes or no.\tYes\n",
                "a.jsonl": line("OCR/1.jpg", "A?", "yes"),
            ], .wrongFile, "two questions"),
        .init(
            "an unknown task", ["a.jsonl": line("colour/1.jpg", "A?", "yes")], .mismatch, "colour",
            "existence"),
        .init(
            "an unknown picture", ["a.jsonl": line("OCR/9.jpg", "A?", "yes")], .missingFile,
            "image 9"),
        .init(
            "an unknown question", ["a.jsonl": line("OCR/1.jpg", "C?", "yes")], .mismatch, "C?",
            "a.jsonl"),
        .init(
            "a question twice", ["a.jsonl": answers + line("OCR/1.jpg", "A?", "yes")], .mismatch,
            "twice"),
        .init(
            "an answer less", ["a.jsonl": line("OCR/1.jpg", "A?", "yes")], value: 50,
            note: "have none"),
        .init("answers with 0 bytes", ["a.jsonl": ""], .malformedFile, "empty"),
        .init("truncated answers", ["a.jsonl": answers + "{\"q"], .malformedFile, "a.jsonl:3"),
        .init(
            "answers without ids", ["a.jsonl": "{\"text\": \"yes\"}\n{\"text\": \"no\"}\n"],
            .wrongFile, "question_id"),
    ]

    @Test(arguments: cases)
    func `damaged annotations and answers of MME`(_ damage: DamagedFiles) throws {
        try damage.check(MME(), Self.sound, answers: "a.jsonl")
    }

    static let result = "1.jpg\tA?\tYes\tyes\n1.jpg\tB?\tNo\tno\n"
    static let results: [String: String] = Dictionary(
        uniqueKeysWithValues: [
            "existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark",
            "artwork", "OCR", "commonsense_reasoning", "numerical_calculation", "text_translation",
            "code_reasoning",
        ].map { ("r/\($0).txt", result) })
    static let resultCases: [DamagedFiles] = [
        .init("a sound results folder", [:], value: 2000),
        .init("a task less", ["r/OCR.txt": nil], .missingFile, "OCR"),
        .init(
            "no responses", ["r/OCR.txt": table], .malformedFile, "OCR.txt:1", "response",
            "3 columns"),
        .init(
            "a tab in a response", ["r/OCR.txt": result.replacing("no\n", with: "no\tway\n")],
            .malformedFile, "OCR.txt:2", "5 columns"),
        .init(
            "a line feed in a response",
            ["r/OCR.txt": result.replacing("yes\n", with: "yes,\nit is\n")], .malformedFile,
            "OCR.txt:2", "1 column"),
        .init("an odd line", ["r/OCR.txt": "1.jpg\tA?\tYes\tyes\n"], .malformedFile, "1 lines"),
        .init(
            "pictures out of step", ["r/OCR.txt": result.replacing("1.jpg\tB", with: "2.jpg\tB")],
            .malformedFile, "OCR.txt:2", "2.jpg"),
        .init("0 bytes in a task", ["r/OCR.txt": ""], .malformedFile, "empty"),
        .init(
            "an empty response", ["r/OCR.txt": result.replacing("\tno\n", with: "\t\n")],
            value: 1850),
    ]

    @Test(arguments: resultCases)
    func `damaged results folders of MME`(_ damage: DamagedFiles) throws {
        try damage.check(MME(), Self.results, answers: "r", annotations: "r")
    }
}

struct SEEDBenchDamageTests {
    static func question(_ id: String, _ answer: String, kind: String = "image", type: Int = 1)
        -> String
    {
        "{\"question_id\": \"\(id)\", \"question\": \"?\", \"choice_a\": \"1\", \"choice_b\": \"2\", "
            + "\"choice_c\": \"3\", \"choice_d\": \"4\", \"answer\": \"\(answer)\", \"data_id\": \"x\", "
            + "\"data_type\": \"\(kind)\", \"question_type_id\": \(type)}"
    }

    static func file(_ questions: String) -> String {
        "{\"questions\": [\(questions)], \"question_type\": {\"T\": 1}}"
    }

    static let json = "SEED-Bench.json"
    static let both = file(question("1", "A") + "," + question("v2", "B", kind: "video"))
    static let sound = [
        json: both,
        "a.jsonl":
            "{\"question_id\": 1, \"text\": \"A\"}\n{\"question_id\": \"v2\", \"text\": \"B\"}\n",
    ]
    static let answers = sound["a.jsonl"] ?? ""
    static let cases: [DamagedFiles] = [
        .init("sound files", [:], value: 100),
        .init("no annotations", [json: nil], .missingFile, "SEED-Bench"),
        .init("0 bytes", [json: ""], .malformedFile, "empty"),
        .init("truncated", [json: String(both.dropLast(20))], .malformedFile, json),
        .init("byte order mark", [json: "\u{FEFF}" + both], value: 100),
        .init("Windows line ends", [json: both.replacing(",", with: ",\r\n")], value: 100),
        .init("an array", [json: "[]"], .wrongFile, "an array"),
        .init("another benchmark", [json: "{\"data\": []}"], .wrongFile, "question_type", "data"),
        .init("an answer E", [json: file(question("1", "E"))], .malformedFile, "E"),
        .init("an unknown type", [json: file(question("1", "A", type: 9))], .wrongFile, "9"),
        .init(
            "data of SEED-Bench-2", [json: file(question("1", "A", kind: "Single Image"))],
            .wrongFile, "Single Image"),
        .init(
            "a choice less", [json: both.replacing("choice_d", with: "choice_x")], .wrongFile,
            "choice_d"),
        .init(
            "an id that is a list",
            [json: both.replacing("\"question_id\": \"1\"", with: "\"question_id\": []")],
            .wrongFile, "question_id"),
        .init(
            "Latin-1", json, bytes: Array("{\"questions\": \"".utf8) + [0xE9, 0x22, 0x7D],
            .malformedFile, json),
        .init(
            "a missing answer", ["a.jsonl": "{\"question_id\": 1, \"text\": \"A\"}\n"], value: 50,
            note: "no answer"),
        .init(
            "an unknown id", ["a.jsonl": answers + "{\"question_id\": 3, \"text\": \"A\"}\n"],
            .mismatch, "3"),
        .init(
            "two answers", ["a.jsonl": answers + "{\"question_id\": 1, \"text\": \"B\"}\n"],
            .mismatch, "two different"),
        .init(
            "the same answer twice",
            ["a.jsonl": answers + "{\"question_id\": 1, \"text\": \"A\"}\n"], value: 100),
        .init(
            "the leaderboard's form", ["a.jsonl": answers.replacing("text", with: "prediction")],
            value: 100),
        .init(
            "a letter with a period", ["a.jsonl": answers.replacing("\"A\"", with: "\"A.\"")],
            value: 50),
        .init("answers with 0 bytes", ["a.jsonl": " \n"], .malformedFile, "empty"),
    ]

    @Test(arguments: cases)
    func `damaged files of SEED-Bench`(_ damage: DamagedFiles) throws {
        try damage.check(SEEDBench(), Self.sound, answers: "a.jsonl")
    }
}

struct ScienceQADamageTests {
    static func problem(_ id: String, _ answer: Int) -> String {
        "\"\(id)\": {\"question\": \"?\", \"choices\": [\"a\", \"b\"], \"answer\": \(answer), "
            + "\"hint\": \"\", \"image\": \"image.png\", \"subject\": \"s\", \"grade\": \"grade1\"}"
    }

    static let both = "{\(problem("1", 0)), \(problem("2", 1))}"
    static let (json, splits) = ("problems.json", "pid_splits.json")
    static let sound = [
        json: both, splits: "{\"train\": [], \"test\": [\"1\", \"2\"]}",
        "a.jsonl": line("1", "A") + line("2", "B"),
    ]
    static let answers = sound["a.jsonl"] ?? ""

    static func line(_ id: String, _ text: String) -> String {
        "{\"question_id\": \"\(id)\", \"prompt\": \"<image>\\n?\", \"text\": \"\(text)\"}\n"
    }

    static let cases: [DamagedFiles] = [
        .init("sound files", [:], value: 100),
        .init("no problems", [json: nil], .missingFile, "problems"),
        .init("no splits", [splits: nil], .missingFile, "splits"),
        .init("0 bytes", [json: ""], .malformedFile, json, "empty"),
        .init("truncated", [json: String(both.dropLast(9))], .malformedFile, json),
        .init("byte order mark", [json: "\u{FEFF}" + both], value: 100),
        .init("Windows line ends", [json: both.replacing(",", with: ",\r\n")], value: 100),
        .init("splits without test", [splits: "{\"train\": []}"], .wrongFile, "test", "train"),
        .init("an empty test split", [splits: "{\"test\": []}"], .wrongFile, "empty"),
        .init(
            "an id twice in the split", [splits: "{\"test\": [\"1\", \"1\"]}"], .malformedFile,
            "1 twice"),
        .init(
            "a problem less", [json: "{\(problem("1", 0))}"], .mismatch, "problem 2", "1 problems"),
        .init(
            "an answer beyond the choices",
            [json: both.replacing("\"answer\": 1", with: "\"answer\": 2")], .malformedFile,
            "problem 2", "2 choices"),
        .init(
            "choices that are a text", [json: both.replacing("[\"a\", \"b\"]", with: "\"ab\"")],
            .wrongFile, "choices"),
        .init(
            "an image that is a number", [json: both.replacing("\"image.png\"", with: "7")],
            .wrongFile, "image"),
        .init(
            "splits in the place of problems", [json: "{\"test\": [\"1\"]}"], .mismatch, "problem 1"
        ),
        .init(
            "Latin-1", json, bytes: Array("{\"1\": \"".utf8) + [0xE9, 0x22, 0x7D], .malformedFile,
            json),
        .init("a missing answer", ["a.jsonl": line("1", "A")], value: 100, note: "no answer"),
        .init(
            "an unknown id", ["a.jsonl": answers + line("9", "A")], .mismatch, "1 question ids", "9"
        ),
        .init("two answers", ["a.jsonl": answers + line("1", "B")], .mismatch, "two different"),
        .init("answers with 0 bytes", ["a.jsonl": ""], .malformedFile, "empty"),
        .init("truncated answers", ["a.jsonl": answers + "{"], .malformedFile, "a.jsonl:3"),
        .init(
            "a result file without indices",
            ["a.jsonl": "{\"results\": {}, \"outputs\": {\"1\": \"A\"}}"], .wrongFile, "results"),
    ]

    @Test(arguments: cases)
    func `damaged files of ScienceQA`(_ damage: DamagedFiles) throws {
        try damage.check(ScienceQA(), Self.sound, answers: "a.jsonl")
    }

    @Test func `a single file is not ScienceQA`() throws {
        let damage = DamagedFiles("problems alone", [:], .wrongFile, "folder", "pid_splits.json")
        try damage.check(ScienceQA(), Self.sound, answers: "a.jsonl", annotations: "problems.json")
    }
}

struct AI2DDamageTests {
    static let line = "{\"question\": \"?\", \"options\": [\"a\", \"b\"], \"answer\": \"1\"}\n"
    static let sound = ["test.jsonl": line, "a.jsonl": "{\"question_id\": 0, \"text\": \"B\"}\n"]
    static let cases: [DamagedFiles] = [
        .init("sound files", [:], value: 1),
        .init("no questions", ["test.jsonl": nil], .missingFile, "AI2D", "questions/*.json"),
        .init("0 bytes", ["test.jsonl": ""], .malformedFile, "empty"),
        .init("truncated", ["test.jsonl": "{\"question\": \"?"], .malformedFile, "test.jsonl:1"),
        .init("byte order mark", ["test.jsonl": "\u{FEFF}" + line], value: 1),
        .init("Windows line ends", ["test.jsonl": line.replacing("\n", with: "\r\n")], value: 1),
        .init(
            "an answer beyond the options", ["test.jsonl": line.replacing("\"1\"", with: "\"2\"")],
            .wrongFile, "answer", "2 options"),
        .init(
            "a letter beyond the options", ["test.jsonl": line.replacing("\"1\"", with: "\"C\"")],
            .wrongFile, "answer"),
        .init(
            "one option", ["test.jsonl": line.replacing("\"a\", ", with: "")], .malformedFile,
            "found 1"),
        .init(
            "options that are numbers", ["test.jsonl": line.replacing("\"a\"", with: "1")],
            .wrongFile, "options"),
        .init(
            "neither options nor lettered lines",
            ["test.jsonl": "{\"question\": \"?\", \"answer\": \"A\"}"], .wrongFile, "options"),
        .init("no question", ["test.jsonl": "{\"options\": []}"], .wrongFile, "question"),
        .init(
            "an id twice",
            [
                "test.jsonl": line.replacing("{", with: "{\"id\": 5, ")
                    + line.replacing("{", with: "{\"id\": 5, ")
            ], .malformedFile, "5", "twice"),
        .init(
            "Latin-1", "test.jsonl", bytes: Array("{\"question\": \"".utf8) + [0xE9, 0x22, 0x7D],
            .malformedFile, "test.jsonl:1"),
        .init(
            "an unknown id", ["a.jsonl": "{\"question_id\": 3, \"text\": \"B\"}\n"], .mismatch, "3"),
        .init(
            "two answers",
            ["a.jsonl": (sound["a.jsonl"] ?? "") + "{\"question_id\": 0, \"text\": \"A\"}\n"],
            .mismatch, "two different"),
        .init("a missing answer", ["test.jsonl": line + line], value: 0.5, note: "no answer"),
        .init("answers with 0 bytes", ["a.jsonl": "\n"], .malformedFile, "empty"),
        .init(
            "a test list that is something else",
            ["test.jsonl": nil, "ai2d_test_ids.csv": "id,name\n"], .wrongFile, "id,name"),
        .init(
            "a picture without questions", ["test.jsonl": nil, "ai2d_test_ids.csv": "7\n"],
            .missingFile, "7.png"),
        .init(
            "questions without their map",
            ["test.jsonl": nil, "ai2d_test_ids.csv": "7\n", "questions/7.png.json": "{\"x\": 1}"],
            .wrongFile, "questions"),
    ]

    @Test(arguments: cases)
    func `damaged files of AI2D`(_ damage: DamagedFiles) throws {
        try damage.check(AI2D(), Self.sound, answers: "a.jsonl")
    }
}
