import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// What a benchmark makes of predictions, for comparison with an oracle.
struct ScoredRun {
    let recorder: ScoreRecorder

    init(
        _ benchmark: some Benchmark, _ predictions: String, _ annotations: String,
        _ variant: String? = nil
    ) throws {
        var recorder = ScoreRecorder(keepsItems: true)
        try benchmark.score(
            Predictions(predictions), against: BenchmarkFiles(annotations),
            variant: benchmark.card.variant(variant), into: &recorder)
        self.recorder = recorder
    }

    var figures: [Figure] { recorder.figures }
    var items: [ScoredItem] { recorder.items }

    /// The figures of an oracle's object that have another value here, in words.
    func differences(from oracle: JSONValue, part: String?) -> [String] {
        var result: [String] = []
        guard let members = oracle.objectValue?.members, !members.isEmpty else {
            return ["no figures in the oracle"]
        }
        for member in members {
            guard let expected = member.value.doubleValue else { continue }
            let found = figures.first { $0.name == member.key && $0.part == part }?.value
            if found != expected {
                let shown = found.map { "\($0)" } ?? "nothing"
                result.append("\(member.key) \(part ?? ""): \(shown) instead of \(expected)")
            }
        }
        return result
    }

    /// The value of a figure, of a part or of all.
    func value(_ name: String, _ part: String? = nil) throws -> Double {
        try #require(
            figures.first { $0.name == name && $0.part == part },
            "\(name) \(part ?? "") among \(figures.map(\.label))"
        ).value
    }
}

/// A value of a JSON file of the fixtures.
func oracleFile(_ name: String) throws -> JSONValue {
    try JSONValue(contentsOf: PackagePaths.fixture("oracles/\(name)"))
}

extension JSONValue {
    /// The texts of an array.
    func strings() throws -> [String] {
        try #require(arrayValue).map { try #require($0.stringValue) }
    }

    /// The value under a path of keys.
    func at(_ keys: String...) throws -> JSONValue {
        var value = self
        for key in keys { value = try #require(value[key], "no key \(key)") }
        return value
    }
}

extension TemporaryFolder {
    /// Writes JSON lines.
    @discardableResult
    func write(_ name: String, lines: [JSONValue]) throws -> String {
        try write(name, lines.map { try $0.text(.compact) + "\n" }.joined())
    }
}
