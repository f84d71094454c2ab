import Foundation
import MiphaChat
import MiphaData
import MiphaFiles
import MiphaTestSupport
import Testing

/// Files of questions with a chosen and a rejected answer.
@Suite struct PairDataTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func write(_ items: [String], lines: Bool = false) throws -> String {
        let path = folder.file("pairs.json")
        try AtomicFile.write(
            lines ? items.joined(separator: "\n") : "[\(items.joined(separator: ",\n"))]", to: path)
        return path
    }

    private let good = [
        #"{"id": "a", "conversations": [{"from": "human", "value": "One two?"}], "chosen": "Yes it is", "rejected": "No"}"#,
        #"{"id": "b", "prompt": "How many?", "chosen": {"from": "gpt", "value": "One"}, "rejected": "Two"}"#,
        #"{"id": "c", "question": "é?", "chosen": "One", "rejected": [{"role": "assistant", "content": "x y"}]}"#,
    ]

    @Test(arguments: [false, true])
    func `an index gives each pair as the whole reader does`(lines: Bool) throws {
        let file = try write(good, lines: lines)
        let index = try SampleIndex([ConversationSource(file: file)], form: .preferences)
        let whole = try ConversationReader(form: .preferences).read(file: file)
        #expect(try (0..<index.count).map(index.sample) == whole)
        #expect((0..<index.count).map(index.wordCount) == [6, 4, 4])
        #expect(index.faultyCount == 0)
    }

    @Test func `what is not a pair is refused at the index by file, item and key, or kept`() throws
    {
        let bad = #"{"id": "x", "prompt": "How?", "chosen": "One"}"#
        let source = ConversationSource(file: try write(good + [bad]))
        let error = #expect(throws: ChatError.self) {
            try SampleIndex([source], form: .preferences)
        }
        let text = error?.message ?? ""
        #expect(
            text.contains("pairs.json: item 3: (id \"x\") key \"rejected\" is missing"), "\(text)")
        let kept = try SampleIndex([source], form: .preferences, faults: .keep)
        #expect(kept.count == 4 && kept.faultyCount == 1)
        #expect(throws: ChatError.self) { try kept.sample(3) }
    }

    @Test func `the check finds nothing wrong with good pairs`() throws {
        let report = try DataCheck(
            DataCheckSettings(files: [write(good)], limit: .words(60))
        ).run()
        #expect(report.problems.filter { $0.count > 0 }.map(\.kind) == [])
        #expect(report.samples == 3 && report.textOnly == 3)
    }

    private static let open = #""conversations": [{"from": "human", "value": "Q"}]"#

    @Test(
        arguments: [
            (#"{\(open), "chosen": "A"}"#, [.missingAnswer]),
            (#"{\(open), "rejected": "A"}"#, [.missingAnswer]),
            (#"{\(open), "chosen": "A", "rejected": " "}"#, [.emptyAnswer]),
            (#"{\(open), "chosen": "A", "rejected": "A"}"#, [.identicalAnswers]),
            (#"{\(open), "chosen": "A", "rejected": "<image>"}"#, [.markerInAnswer]),
            (#"{\(open), "chosen": "A<|endoftext|>", "rejected": "B"}"#, [.templateSeparator]),
            (#"{\(open), "chosen": 3, "rejected": "B"}"#, [.malformedEntry, .missingAnswer]),
            (#"{"chosen": "A", "rejected": "B"}"#, [.malformedEntry]),
            (#"{\(open), "chosen": [\(gpt), \(gpt)], "rejected": "B"}"#, [.malformedEntry]),
            (#"{\(open), "chosen": "A", "rejected": \(human)}"#, [.malformedEntry]),
            (#"{"prompt": [\(gpt)], "chosen": "A", "rejected": "B"}"#, [.roleOrder]),
            (
                #"{"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}], "chosen": "A", "rejected": "B"}"#,
                [.roleOrder]
            ),
            (
                #"{"conversations": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}"#,
                [.malformedEntry]
            ),
            (
                #"{\(open), "chosen": "A", "rejected": "\(long)"}"#,
                [.longTurn, .longSample]
            ),
        ] as [(String, Set<DataProblem>)])
    func `each fault of a pair has its class`(
        item: String, expected: Set<DataProblem>
    ) throws {
        let long = String(repeating: "word ", count: 61)
        let text = [
            #"\(open)"#: Self.open, #"\(long)"#: long,
            #"\(gpt)"#: #"{"from": "gpt", "value": "G"}"#,
            #"\(human)"#: #"{"from": "human", "value": "H"}"#,
        ].reduce(item) { $0.replacing($1.key, with: $1.value) }
        let report = try DataCheck(
            DataCheckSettings(files: [write(good + [text])], limit: .words(60))
        ).run()
        #expect(Set(report.problems.filter { $0.count > 0 }.map(\.kind)) == expected)
        for problem in report.problems where problem.count > 0 {
            #expect(problem.count == 1 && problem.places[0].item == 3)
        }
    }

    /// Questions about one image, and whether the run finds its marker.
    @Test(arguments: [
        (#""prompt": "Q""#, true), (#""question": "<image> Q""#, true),
        (#""prompt": [{"role": "user", "content": "Q"}]"#, false),
        (#""question": [{"from": "human", "value": "<image> Q"}]"#, true),
        (#""question": [{"from": "gpt", "value": "Q"}]"#, false),
        (#""conversations": [{"from": "human", "value": "Q"}]"#, false),
    ])
    func `only a question that is a text gets markers, in the check as in a run`(
        question: String, isMarked: Bool
    ) throws {
        let item = #"{"images": ["0.png"], \#(question), "chosen": "A", "rejected": "B"}"#
        let file = try write([item])
        let report = try DataCheck(DataCheckSettings(files: [file], limit: .words(60))).run()
        #expect((report[.markerMismatch]?.count == 0) == isMarked)
        let sample = try ConversationReader(checksTurnOrder: false, form: .preferences)
            .read(file: file)[0]
        #expect(sample.turns.contains { $0.text.contains("<image>") } == isMarked)
    }

    @Test func `the same question with other answers is not a repetition`() throws {
        let items =
            good + [
                #"{"id": "d", "prompt": "How many?", "chosen": "One", "rejected": "Three"}"#,
                #"{"id": "e", "prompt": "How many?", "chosen": "One", "rejected": "Two"}"#,
            ]
        let report = try DataCheck(
            DataCheckSettings(files: [write(items)], limit: .words(60))
        ).run()
        #expect(report[.duplicateSample]?.count == 1)
        #expect(report[.duplicateSample]?.places[0].item == 4)
    }
}
