import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaTestSupport
import Testing

/// Keys of items in the check of a data set and in the index of a run.
@Suite struct ItemKeyCheckTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func write(_ items: [String]) throws -> String {
        let path = folder.file("data.json")
        try AtomicFile.write("[\(items.joined(separator: ",\n"))]", to: path)
        return path
    }

    private func check(_ items: [String]) throws -> DataReport {
        try DataCheck(DataCheckSettings(files: [write(items)], listLimit: 10_000)).run()
    }

    private static let turns =
        #""conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]"#

    @Test func `refused keys are a class of their own, once a sample`() throws {
        let report = try check([
            "{\(Self.turns)}", #"{"video":"a.mp4","system":"S",\#(Self.turns)}"#,
            #"{"id":"c","image_path":"a.png",\#(Self.turns)}"#,
            #"{"messages":[{"role":"user","content":"Q"}]}"#,
        ])
        let refused = try #require(report[.refusedKey])
        #expect(refused.places.map(\.item) == [1, 2, 3] && refused.count == 3)
        #expect(
            refused.places[0].detail.hasPrefix(#"key "video": found a string, which is not read;"#))
        #expect(refused.places[0].detail.hasSuffix(" (and 1 more)"))
        #expect(report[.markerMismatch]?.count == 0)
        #expect(report.textOnly == 2)
    }

    @Test func `unknown keys are counted by sample and reported by key`() throws {
        let report = try check([
            #"{"a":1,"b":"x",\#(Self.turns)}"#, #"{"b":"y","source":"s",\#(Self.turns)}"#,
            #"{"b":"","a":null,\#(Self.turns)}"#,
        ])
        #expect(report[.unknownKey]?.count == 2 && report.errors == 0)
        #expect(report[.unknownKey]?.places[0].detail == #"not read: "a", "b""#)
        #expect(report.unknownKeys.entries.map(\.key) == ["a", "b"])
        #expect(report.unknownKeys.entries.map(\.samples) == [1, 2])
        #expect(report.text().contains(#"keys that are not read: "b" (2 samples), "a" (1 sample)"#))
        let json = try #require(report.json["unknown_keys"]?.arrayValue)
        #expect(json.map { $0["samples"] } == [1, 2])
        let index = try SampleIndex([ConversationSource(file: folder.file("data.json"))])
        #expect(index.unknownKeys == report.unknownKeys)
        #expect(
            index.unknownKeyNote?.contains(#"data.json: keys that are not read: "b" (2"#) == true)
    }

    @Test func `files whose keys are data are counted without end`() throws {
        let items = (0..<200).map { #"{"key\#($0)":1,"same":1,\#(Self.turns)}"# }
        let report = try check(items)
        #expect(report[.unknownKey]?.count == 200)
        #expect(report.unknownKeys.entries.count == 64)
        #expect(report.unknownKeys.entries[1].samples == 200)
        #expect(report.unknownKeys.samplesWithOthers == 137)
        #expect(report.unknownKeys.text.hasSuffix("52 more keys, others (137 samples)"))
    }

    /// Members to make items of, right and wrong ones.
    private static let members: [[String]] = [
        ["", #""id":"a""#, #""id":[1]"#, #""id":"a","id":"b""#, #""id":null,"id":"b""#],
        [
            "", #""image":"a.png""#, #""image":["a.png"]"#, #""image":null"#, #""image":{}"#,
            #""image":"""#, #""image":"a\u0000""#, #""image":["a.png",3]"#,
        ],
        [
            "", #""images":["a.png"]"#, #""images":"a.png""#, #""images":[]"#,
            #""images":[{"path":"a"}]"#,
        ],
        [
            "", #""image_path":"a.png""#, #""image_url":"""#, #""Image":"a.png""#,
            #""image":"b.png""#,
        ],
        [
            "", #""video":"a.mp4""#, #""system":"S""#, #""weight":0"#, #""weight":1"#,
            #""note":"n""#,
            #""source":{"a":1}"#, #""messages":[{}]"#, #""messages":"m""#,
        ],
        [
            "", turns, turns, turns, #""conversations":7"#, #""conversations":[{"from":"human"}]"#,
            #""conversations":[{"from":"human","value":"Q","image":"a"},{"from":"gpt","value":"A"}]"#,
            #""conversations":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]"#,
            #""conversations":[{"from":"human","value":"Q","content":"P"},{"from":"gpt","value":"A"}]"#,
            #""conversations":[{"from":"human","value":["Q"]},{"from":"gpt","value":"A"}]"#,
            #""conversations":[{"from":"human","value":"Q","value":"P"},{"from":"gpt","value":"A"}]"#,
            #""conversations":[{"from":"human","value":"Q","loss":false},{"from":"gpt","value":"A"}]"#,
        ],
        ["", #""prompt":["x"]"#, #""question":"q""#],
    ]

    /// What a pair has besides.
    private static let answers: [[String]] = [
        [
            #""chosen":"A""#, #""chosen":{"from":"gpt","value":"A"}"#, #""chosen":[{"value":"A"}]"#,
            #""chosen":{"from":"gpt","value":"A","weight":0}"#,
            #""chosen":{"role":"user","content":"A"}"#, #""chosen":{"from":"tool","value":"A"}"#,
            #""chosen":[{"from":"gpt","value":"A"}]"#, #""chosen":[]"#,
            #""chosen":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]"#,
        ],
        [#""rejected":"B""#, #""rejected":3"#, #""rejected":"B","rejected":"C""#],
        [
            "", #""prompt":"P""#, #""prompt":7"#, #""prompt":[{"role":"user","content":"P"}]"#,
            #""prompt":[{"from":"gpt","value":"P"}]"#, #""prompt":[]"#,
            #""prompt":[{"role":"user","content":["P"]}]"#, #""prompt":"P","prompt":"Q""#,
        ],
    ]

    @Test(arguments: [SampleForm.conversations, .preferences])
    func `what the check calls malformed or refused is what a run cannot read`(
        form: SampleForm
    ) throws {
        var generator = SplitMix64(seed: form == .preferences ? 5 : 6)
        let pools = form == .preferences ? Self.members + Self.answers : Self.members
        var items: [String] = []
        for _ in 0..<3_000 {
            // Mostly right, so that one fault is often the only one.
            var parts = pools.map { pool in
                generator.next() % 3 == 0
                    ? pool[Int(generator.next() % UInt64(pool.count))] : pool[0]
            }
            if form == .conversations, generator.next() % 2 == 0 { parts[5] = Self.turns }
            if form == .preferences, parts[5].isEmpty, parts[9].isEmpty {
                parts[9] = #""prompt":"P""#
            }
            if form == .preferences {
                parts[5] = parts[5].replacing(#",{"from":"gpt","value":"A"}]"#, with: "]")
            }
            items.append("{\(parts.filter { !$0.isEmpty }.joined(separator: ","))}")
        }
        let report = try check(items)
        let index = try SampleIndex(
            [ConversationSource(file: folder.file("data.json"))], form: form, faults: .keep)
        let kinds: [DataProblem] = [
            .malformedEntry, .refusedKey, .missingAnswer, .unknownRole, .roleOrder, .noAnswer,
        ]
        let bad = Set(kinds.flatMap { report[$0]?.places.map(\.item) ?? [] })
        var differences: [String] = []
        for (number, item) in items.enumerated()
        where index.isFaulty(number) != bad.contains(number) {
            differences.append(item)
        }
        #expect(differences.isEmpty, "\(differences.prefix(3))")
        #expect(bad.count > 300 && bad.count < 2_900)
    }
}
