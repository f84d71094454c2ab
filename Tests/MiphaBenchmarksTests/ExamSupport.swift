import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Scores files and keeps every item.
func scoredExam(
    _ benchmark: any Benchmark, _ predictions: String, _ annotations: String,
    _ variant: String? = nil
) throws(EvaluationError) -> ScoreRecorder {
    var recorder = ScoreRecorder(keepsItems: true)
    try benchmark.score(
        try Predictions(predictions), against: try BenchmarkFiles(annotations),
        variant: try benchmark.card.variant(variant), into: &recorder)
    return recorder
}

extension ScoreRecorder {
    /// The value of a figure; nil without it.
    func value(_ name: String, _ dimension: String? = nil, _ part: String? = nil) -> Double? {
        figures.first { $0.name == name && $0.dimension == dimension && $0.part == part }?.value
    }

    /// The ids of items that are right.
    var rightIDs: Set<String> { Set(items.filter { $0.score == 1 }.map(\.id.text)) }
}

/// A JSON fixture.
func examOracle(_ name: String) throws -> JSONValue {
    try JSONValue(contentsOf: PackagePaths.fixture("oracles/\(name)"))
}

/// A damaged or wrong file with what the error must say.
struct ExamDamage: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let code: EvaluationError.Code
    let words: [String]

    init(_ name: String, _ text: String, _ code: EvaluationError.Code, _ words: String...) {
        self.init(name, bytes: Array(text.utf8), code, words)
    }

    init(_ name: String, bytes: [UInt8], _ code: EvaluationError.Code, _ words: [String]) {
        self.name = name
        self.bytes = bytes
        self.code = code
        self.words = words
    }

    var testDescription: String { name }

    /// Writes the file, does the work and checks the error.
    func check(as file: String, _ work: (_ path: String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let path = folder.file(file)
        try Data(bytes).write(to: URL(filePath: path))
        let error = #expect(throws: EvaluationError.self) { try work(path) }
        guard let error else { return }
        #expect(error.code == code, "\(error)")
        for word in words { #expect(error.message.contains(word), "\(error)") }
    }
}

extension String {
    /// The text without its last characters.
    func withoutLast(_ count: Int) -> String { String(dropLast(count)) }
}
