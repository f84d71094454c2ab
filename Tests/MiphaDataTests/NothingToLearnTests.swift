import Foundation
import MiphaChat
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTokenizers
import Testing

/// Samples whose answers lie beyond the limit, as the check of a data set finds them.
@Suite struct NothingToLearnTests {
    private let folder: TemporaryFolder
    private let tokenizer: Tokenizer

    init() throws {
        folder = try TemporaryFolder()
        tokenizer = try Tokenizer(folder: PackagePaths.fixture("tokenizers/small"))
    }

    private func encoder(_ limit: Int?) throws -> ConversationEncoder {
        try ConversationEncoder(
            tokenizer: tokenizer, template: .phi,
            options: EncodingOptions(markers: .assumed, maximumLength: limit))
    }

    private func check(_ text: String, limit: Int) throws -> DataReport {
        let source = try source(text, in: folder)
        return try DataCheck(
            DataCheckSettings(files: [source.file], limit: .tokens(limit, encoder(nil)))
        ).run()
    }

    @Test func `a sample is lost from the limit on at which training has no label`() throws {
        let text = item("a", ["How many are there in all of it?", "One.", "And then?", "Two."])
        let sample = try ConversationReader().read(bytes: Array("[\(text)]".utf8), name: "text")[0]
        let whole = try encoder(nil).encode(sample)
        let first = try #require(whole.labels.firstIndex { $0 != IgnoredLabel.id })
        for limit in [first - 1, first, first + 1, whole.ids.count] {
            let lost = try encoder(limit).encode(sample).supervisedCount == 0
            #expect(lost == (limit <= first))
            let report = try check("[\(text)]", limit: limit)
            let found = try #require(report[.nothingToLearn])
            #expect(found.count == (lost ? 1 : 0), "limit \(limit)")
            #expect(report[.longSample]?.count == (limit < whole.ids.count ? 1 : 0))
            guard lost else { continue }
            #expect(report.errors == 1)
            #expect(
                found.places.first?.detail
                    == "the first answer begins after \(first) tokens, the limit is \(limit)")
        }
    }

    @Test func `of a pair only the last answer counts`() throws {
        let text = """
            {"id": "p", "conversations": [{"from": "human", "value": "One?"}, {"from": "gpt", \
            "value": "Yes."}, {"from": "human", "value": "Two?"}], "chosen": "It is.", \
            "rejected": "No"}
            """
        let sample = try ConversationReader(form: .preferences)
            .read(bytes: Array("[\(text)]".utf8), name: "text")[0]
        let whole = try encoder(nil).encodePair(sample).chosen
        let first = try #require(whole.labels.firstIndex { $0 != IgnoredLabel.id })
        for limit in [first - 1, first, first + 1] {
            let lost = (try? encoder(limit).encodePair(sample)) == nil
            #expect(lost == (limit <= first))
            #expect(
                try check("[\(text)]", limit: limit)[.nothingToLearn]?.count == (lost ? 1 : 0),
                "limit \(limit)")
        }
    }
}
