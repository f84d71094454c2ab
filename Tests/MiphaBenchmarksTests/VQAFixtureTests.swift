import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Answers with the scores that the published scorers gave them.
private struct VQAOracle {
    let columns: [String]
    let totals: JSONValue
    let rows: [[JSONValue]]

    init(_ name: String) throws {
        let value = try JSONValue(contentsOf: PackagePaths.fixture("oracles/\(name).json"))
        columns = try #require(value["columns"]?.arrayValue).compactMap(\.stringValue)
        totals = value["totals"] ?? .null
        rows = try #require(value["rows"]?.arrayValue).compactMap(\.arrayValue)
        try #require(rows.count >= 500)
    }

    func column(_ name: String) throws -> [JSONValue] {
        let place = try #require(columns.firstIndex(of: name))
        return rows.map { $0[place] }
    }
}

/// One way to score a fixture.
struct VQAFixtureCase: Sendable, CustomTestStringConvertible {
    let variant: String
    /// The column with the scores, and the key of the totals.
    let column: String
    /// Whether predictions are LLaVA's answer lines.
    var isRaw = false
    /// What the column's scores are multiplied with.
    var scale = 100.0

    var testDescription: String { "\(variant)\(isRaw ? ", answer lines" : "")" }
}

struct VQAFixtureTests {
    private static let confidences: [Character: String] = ["y": "yes", "m": "maybe", "n": "no"]

    @Test func `texts take every form of the published processors`() throws {
        let value = try JSONValue(contentsOf: PackagePaths.fixture("oracles/vqa-texts.json"))
        let columns = try #require(value["columns"]?.arrayValue).compactMap(\.stringValue)
        let rows = try #require(value["rows"]?.arrayValue).compactMap(\.arrayValue)
        #expect(rows.count == 1200)
        var differences: [String] = []
        for (place, name) in columns.enumerated().dropFirst() {
            let normalize = VQAAnswerNormalizer(try #require(.init(rawValue: name)))
            for row in rows {
                let input = row[0].stringValue ?? ""
                let output = normalize(input)
                if !PythonText.equal(output, row[place].stringValue ?? "?") {
                    differences.append("\(name) \(input.debugDescription): \(output)")
                }
            }
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }

    // MARK: VQAv2

    @Test(arguments: [
        VQAFixtureCase(variant: "official", column: "official"),
        VQAFixtureCase(variant: "official", column: "official_after_llava", isRaw: true),
        VQAFixtureCase(variant: "always-normalise", column: "always-normalise", scale: 1),
        VQAFixtureCase(
            variant: "always-normalise", column: "always-normalise", isRaw: true, scale: 1),
        VQAFixtureCase(variant: "vlmevalkit", column: "vlmevalkit", scale: 1),
    ])
    func `VQAv2 scores as the published scorers do`(test: VQAFixtureCase) throws {
        let oracle = try VQAOracle("vqav2")
        let folder = try TemporaryFolder()
        var annotations: [JSONValue] = []
        for row in oracle.rows {
            let numbers = row[5].arrayValue ?? []
            let letters = Array(row[6].stringValue ?? "")
            let answers = (row[4].arrayValue ?? []).enumerated().map { place, answer in
                [
                    "answer": answer, "answer_id": numbers[place],
                    "answer_confidence": .string(Self.confidences[letters[place]] ?? "?"),
                ] as JSONValue
            }
            annotations.append([
                "question_id": row[0], "image_id": row[1], "question_type": row[2],
                "answer_type": row[3], "answers": .array(answers),
            ])
        }
        try JSONValue.object(["info": [:], "annotations": .array(annotations)])
            .write(to: folder.file("annotations.json"))
        try Self.write(oracle, ids: "question_id", test, to: folder.file("predictions"))
        let recorder = try scoredVQA(
            VQAv2(), folder.file("predictions"), folder.path, test.variant)
        try Self.compare(recorder, oracle, test)
        let totals = try #require(oracle.totals[test.column])
        guard test.variant == "official" else {
            #expect(recorder.figures.first?.value == totals.doubleValue)
            return
        }
        try Self.compareTotals(recorder, totals)
    }

    // MARK: VizWiz

    @Test(arguments: [
        VQAFixtureCase(variant: "leave-one-out", column: "leave-one-out", scale: 1),
        VQAFixtureCase(variant: "leave-one-out", column: "leave-one-out", isRaw: true, scale: 1),
        VQAFixtureCase(variant: "official-api", column: "official-api"),
        VQAFixtureCase(
            variant: "official-api", column: "official-api_after_llava", isRaw: true),
        VQAFixtureCase(variant: "dictionary", column: "dictionary"),
        VQAFixtureCase(variant: "dictionary", column: "dictionary_after_llava", isRaw: true),
    ])
    func `VizWiz scores as the published scorers do`(test: VQAFixtureCase) throws {
        let oracle = try VQAOracle("vizwiz")
        let folder = try TemporaryFolder()
        var annotations: [JSONValue] = []
        for row in oracle.rows {
            let letters = Array(row[2].stringValue ?? "")
            let answers = (row[1].arrayValue ?? []).enumerated().map { place, answer in
                [
                    "answer": answer,
                    "answer_confidence": .string(Self.confidences[letters[place]] ?? "?"),
                ] as JSONValue
            }
            annotations.append([
                "image": row[0], "question": "?", "answers": .array(answers),
                "answer_type": row[3], "answerable": 1,
            ])
        }
        try JSONValue.array(annotations).write(to: folder.file("val.json"))
        try Self.write(oracle, ids: "image", test, to: folder.file("predictions"))
        let recorder = try scoredVQA(
            VizWiz(), folder.file("predictions"), folder.path, test.variant)
        try Self.compare(recorder, oracle, test)
        let totals = try #require(oracle.totals[test.column])
        if let mean = totals.doubleValue {
            #expect(recorder.figures.first?.value == 100 * mean)
        } else {
            try Self.compareTotals(recorder, totals)
        }
    }

    // MARK: TextVQA

    @Test(arguments: ["m4c", "lmms-eval"])
    func `TextVQA scores as the published scorers do`(variant: String) throws {
        let oracle = try VQAOracle("textvqa")
        let folder = try TemporaryFolder()
        let data = oracle.rows.map { row in
            [
                "question_id": row[0], "image_id": row[1], "question": row[2], "answers": row[3],
            ] as JSONValue
        }
        try JSONValue.object(["data": .array(data)])
            .write(to: folder.file("TextVQA_0.5.1_val.json"))
        let test = VQAFixtureCase(variant: variant, column: variant, scale: 1)
        try Self.write(oracle, ids: "question_id", test, to: folder.file("predictions"))
        let recorder = try scoredVQA(
            TextVQA(), folder.file("predictions"), folder.path, variant)
        try Self.compare(recorder, oracle, test)
        #expect(recorder.figures.first?.value == oracle.totals[variant]?.doubleValue)
    }

    // MARK: Helpers

    private static func write(
        _ oracle: VQAOracle, ids: String, _ test: VQAFixtureCase, to path: String
    ) throws {
        let predictions = try oracle.column("prediction")
        var lines = ""
        for (id, text) in zip(try oracle.column(ids), predictions) {
            let line: JSONValue =
                test.isRaw
                ? ["question_id": id, "prompt": "?", "text": text, "metadata": [:]]
                : [ids: id, "answer": text]
            lines += (lines.isEmpty ? "" : test.isRaw ? "\n" : ",") + (try line.text(.compact))
        }
        try AtomicFile.write(test.isRaw ? lines : "[\(lines)]", to: path)
    }

    private static func compare(
        _ recorder: ScoreRecorder, _ oracle: VQAOracle, _ test: VQAFixtureCase
    ) throws {
        let expected = try oracle.column(test.column)
        #expect(recorder.items.count == expected.count)
        var differences: [String] = []
        for (item, value) in zip(recorder.items, expected) {
            let score =
                test.scale == 1 ? item.score : PythonText.round(test.scale * item.score, 12)
            if score != value.doubleValue {
                differences.append("\(item.id): \(score), expected \(value)")
            }
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }

    private static func compareTotals(_ recorder: ScoreRecorder, _ totals: JSONValue) throws {
        #expect(
            recorder.figures.first.map { PythonText.round($0.value, 12) }
                == totals["overall"]?.doubleValue)
        for figure in recorder.figures.dropFirst() {
            let key = figure.dimension == "answer_type" ? "perAnswerType" : "perQuestionType"
            #expect(
                PythonText.round(figure.value, 12)
                    == totals[key]?[figure.part ?? ""]?.doubleValue, "\(figure.label)")
        }
    }
}
