import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct TextVQATests {
    private static let folder = PackagePaths.sharedData("data/scorers/textvqa")

    @Test(.enabled(if: folder != nil))
    func `the published LLaVA-1.5-13B answers give the published accuracy`() throws {
        let folder = try #require(Self.folder)
        let recorder = try scoredVQA(TextVQA(), "\(folder)/pred_llava-v1.5-13b.jsonl", folder)
        #expect(recorder.figures.first?.value == 0.6125400000000022)
        try Self.compareItems(recorder, "\(folder)/oracle_llava-v1.5-13b.json")
    }

    @Test(.enabled(if: folder != nil))
    func `the adversarial answers score as LLaVA's script scores them`() throws {
        let folder = try #require(Self.folder)
        let recorder = try scoredVQA(TextVQA(), "\(folder)/pred_adversarial.json", folder)
        #expect(recorder.figures.first?.value == 0.42162500000000025)
        #expect(recorder.notes.count == 1)
        try Self.compareItems(recorder, "\(folder)/oracle_adversarial.json")
    }

    private static func compareItems(_ recorder: ScoreRecorder, _ path: String) throws {
        let items = try #require(JSONValue(contentsOf: path)["per_item"]?.arrayValue)
        #expect(recorder.items.count == items.count)
        var differences: [String] = []
        for (item, expected) in zip(recorder.items, items)
        where item.score != expected["score"]?.doubleValue
            || item.id != expected["question_id"].flatMap(QuestionID.init)
            || !PythonText.equal(item.parsed ?? "", expected["normalized"]?.stringValue ?? "?")
        {
            differences.append("\(item.id): \(item.score) \(item.parsed ?? "")")
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }
}
