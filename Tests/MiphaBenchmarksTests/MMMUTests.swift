import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct MMMUTests {
    static let shared = PackagePaths.sharedData("data/scorers/mmmu")
    static let answers = PackagePaths.fixture("oracles/mmmu_answers.json")
    static let responses = PackagePaths.fixture("oracles/mmmu_responses.json")

    // MARK: Published answers

    @Test(
        .enabled(if: shared != nil),
        arguments: ["llava1.5_13b", "llava1.5_13b_total", "qwen_vl_total", "InternLM_XComposer2"])
    func `published predictions score as with the authors' script`(_ name: String) throws {
        let folder = try #require(Self.shared)
        let expected = try JSONValue(contentsOf: "\(folder)/oracle_\(name).json")
        let result = try scoredExam(
            MMMU(), "\(folder)/pred_\(name).json", "\(folder)/answer_dict_val.json")
        for member in try #require(expected["summary_full_precision"]?.objectValue).members {
            let domain = member.key.split(separator: "-", maxSplits: 1).last.map(String.init)
            let value =
                member.key == "Overall"
                ? result.value("accuracy") : result.value("accuracy", "domain", domain)
            #expect(value == member.value["acc"]?.doubleValue, "\(member.key)")
        }
        for member in try #require(expected["per_subject"]?.objectValue).members {
            #expect(
                result.value("accuracy", "subject", member.key)
                    == member.value["acc"]?.doubleValue)
        }
        let right = try #require(expected["correct_ids"]?.arrayValue).compactMap(\.stringValue)
        #expect(result.rightIDs == Set(right))
    }

    @Test(.enabled(if: shared != nil), arguments: ["llava1.5_13b", "qwen_vl"])
    func `published raw answers parse and score as with the authors' script`(
        _ name: String
    ) throws {
        let folder = try #require(Self.shared)
        let expected = try JSONValue(contentsOf: "\(folder)/oracle_parse_\(name).json")
        let files = ("\(folder)/responses_\(name).json", "\(folder)/answer_dict_val.json")
        let strict = try scoredExam(MMMU(), files.0, files.1)
        let seeded = try scoredExam(MMMU(), files.0, files.1, "seeded-random")
        #expect(
            seeded.value("accuracy")
                == expected["overall_with_random_fallback_seed42"]?.doubleValue)
        #expect(strict.rightIDs.count == expected["deterministic_correct"]?.integerValue)
        #expect(strict.counts[.unparsed] == expected["n_random_fallback"]?.integerValue)
        for member in try #require(expected["per_subject"]?.objectValue).members {
            #expect(
                seeded.value("accuracy", "subject", member.key)
                    == member.value["acc"]?.doubleValue)
        }
        let items = Dictionary(uniqueKeysWithValues: seeded.items.map { ($0.id.text, $0) })
        for entry in try #require(expected["per_item"]?.arrayValue) {
            let id = try #require(entry["id"]?.stringValue)
            let item = try #require(items[id])
            #expect((item.score == 1) == (entry["judge"]?.stringValue == "Correct"))
            #expect((item.status == .unparsed) == (entry["random_fallback"]?.boolValue == true))
            if let parsed = entry["parsed"]?.stringValue { #expect(item.parsed == parsed) }
        }
    }

    @Test(.enabled(if: shared != nil))
    func `fourteen hundred adversarial answers parse as with the authors' functions`() throws {
        let folder = try #require(Self.shared)
        let oracle = try JSONValue(contentsOf: "\(folder)/oracle_adversarial.json")
        var right = 0
        for entry in try #require(oracle["multiple_choice"]?.arrayValue) {
            let choice = MMMUAnswers.choice(
                try #require(entry["response"]?.stringValue), try Self.options(entry))
            #expect(choice.letter == entry["parsed"]?.stringValue, "\(entry)")
            let gold = try #require(entry["gold"].flatMap(Self.texts))
            if let letter = choice.letter, gold.contains(letter) { right += 1 }
        }
        #expect(right == oracle["totals"]?["mc_correct_deterministic"]?.integerValue)
        for entry in try #require(oracle["open"]?.arrayValue) {
            let values = MMMUAnswers.open(try #require(entry["response"]?.stringValue))
            #expect(Self.sorted(values) == Self.sorted(entry["parsed"]), "\(entry)")
            let gold = try #require(entry["gold"].flatMap(Self.texts))
            #expect(MMMUAnswers.isRight(values, expected: gold) == entry["correct"]?.boolValue)
        }
    }

    // MARK: Own oracle

    @Test(arguments: ["strict", "seeded-random"])
    func `adversarial answers score as with the authors' functions`(_ variant: String) throws {
        let expected = try examOracle("mmmu_oracle.json")
        let result = try scoredExam(MMMU(), Self.responses, Self.answers, variant)
        for member in try #require(expected[variant]?.objectValue).members {
            let pieces = member.key.split(separator: " ", maxSplits: 1).map(String.init)
            let value =
                pieces.count == 1
                ? result.value("accuracy") : result.value("accuracy", pieces[0], pieces[1])
            #expect(value == member.value.doubleValue, "\(member.key)")
        }
        #expect(result.counts[.unparsed] == expected["random"]?.integerValue)
        let items = try #require(expected["items"]?.objectValue)
        #expect(result.items.count == items.count)
        for item in result.items {
            let entry = try #require(items[item.id.text])
            let isRandom = entry["random"]?.boolValue == true
            if variant == "seeded-random" || !isRandom {
                #expect((item.score == 1) == entry["right"]?.boolValue, "\(item)")
                if let parsed = entry["parsed"]?.stringValue { #expect(item.parsed == parsed) }
            } else {
                #expect(item.score == 0 && item.parsed == nil && item.status == .unparsed)
            }
            if let values = entry["values"] {
                #expect(
                    Self.sorted(MMMUAnswers.open(item.prediction)) == Self.sorted(values),
                    "\(item.prediction)")
            }
        }
    }

    @Test func `answer lines with options or with the prompt score as raw answers`() throws {
        let whole = try scoredExam(MMMU(), Self.responses, Self.answers)
        let folder = try TemporaryFolder()
        var (withOptions, withPrompt) = ("", "")
        for record in try Self.records() {
            var line: JSONObject = [
                "question_id": record["id"] ?? .null, "text": record["response"] ?? .null,
            ]
            var prompted = line
            var prompt = "What?\n(A) in the question\nWhich?"
            if let options = record["index2ans"] {
                line["all_choices"] = record["all_choices"]
                line["index2ans"] = options
                prompt += "\n"
                for member in try #require(options.objectValue).members {
                    prompt += "(\(member.key)) \(try #require(member.value.stringValue))\n"
                }
            }
            prompted["prompt"] = .string(prompt + PromptSuffix.letter)
            withOptions += try JSONValue.object(line).text(.compact) + "\n"
            withPrompt += try JSONValue.object(prompted).text(.compact) + "\n"
        }
        for (name, text) in [("a.jsonl", withOptions), ("b.jsonl", withPrompt)] {
            try Data(text.utf8).write(to: URL(filePath: folder.file(name)))
            let result = try scoredExam(MMMU(), folder.file(name), Self.answers)
            #expect(result.rightIDs == whole.rightIDs)
            #expect(result.items.map(\.parsed) == whole.items.map(\.parsed))
        }
    }

    @Test func `a folder of subjects scores as one list`() throws {
        let folder = try TemporaryFolder()
        var bySubject: [String: [JSONValue]] = [:]
        for record in try Self.records() {
            let pieces = try #require(record["id"]?.stringValue).split(separator: "_")
            bySubject[pieces[1..<(pieces.count - 1)].joined(separator: "_"), default: []]
                .append(record)
        }
        for (subject, records) in bySubject {
            try JSONValue.array(records).write(to: "\(try folder.folder(subject))/output.json")
        }
        let result = try scoredExam(MMMU(), folder.path, Self.answers, "seeded-random")
        let whole = try scoredExam(MMMU(), Self.responses, Self.answers, "seeded-random")
        #expect(result.rightIDs == whole.rightIDs)
        #expect(result.value("accuracy") == whole.value("accuracy"))
    }

    @Test func `only answered questions count and a note says so`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("p.json")
        try Data(#"{"validation_Art_1":"A","validation_Art_Theory_1":"B"}"#.utf8)
            .write(to: URL(filePath: path))
        let annotations = folder.file("answer_dict_val.json")
        try Data(
            """
            {"validation_Art_1":{"question_type":"multiple-choice","ground_truth":["A","C"]},
            "validation_Art_Theory_1":{"question_type":"multiple-choice","ground_truth":"C"},
            "validation_Math_1":{"question_type":"short-answer","ground_truth":"1"}}
            """.utf8
        ).write(to: URL(filePath: annotations))
        let result = try scoredExam(MMMU(), path, annotations)
        #expect(result.value("accuracy") == 0.5)
        #expect(result.value("accuracy", "subject", "Art_Theory") == 0)
        #expect(result.notes.contains { $0.contains("1 of 3 questions") })
    }

    // MARK: Questions

    @Test func `questions carry the authors' prompt, options and pictures in order`() throws {
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/mmmu"))
        let questions = try MMMU().questions(files)
        let prompts = try examOracle("mmmu_oracle.json")["prompts"]
        #expect(questions.count == 4)
        #expect(
            questions[0].text
                == "What shape is shown in <image 1>?\n(A) a circle\n(B) it's a square\n\n"
                + "Answer with the option's letter from the given choices directly.")
        #expect(
            questions[0].text.hasSuffix(
                try #require(prompts?["multiple-choice"]?.stringValue)
                    .replacing("Q?\n(A) x\n(B) y\n", with: "")))
        #expect(questions[0].answerFields["all_choices"] == ["A", "B"])
        #expect(
            questions[1].text
                == "How many corners has it?\nAnswer the question using a single word or phrase.")
        #expect(questions[1].expected == ["4", "four"])
        #expect(questions[2].pictures.map(\.name) == ["two.png", "one.png", "three.png"])
        #expect(questions[3].pictures.isEmpty)
        #expect(questions.map(\.category) == ["Math", "Math", "Art_Theory", "Sociology"])
    }

    static func records() throws -> [JSONValue] {
        let file = try examOracle("mmmu_responses.json")
        return try #require(file.arrayValue)
    }

    static func options(_ entry: JSONValue) throws -> MMMUAnswers.Options {
        let letters = try #require(entry["all_choices"]?.arrayValue).compactMap(\.stringValue)
        let texts = try #require(entry["index2ans"]?.objectValue).members.map {
            MMMUAnswers.Option(letter: $0.key, text: $0.value.stringValue ?? "")
        }
        return .init(letters: letters, all: texts)
    }

    static func texts(_ value: JSONValue) -> [String]? {
        value.stringValue.map { [$0] } ?? value.arrayValue?.compactMap(\.stringValue)
    }

    /// Values as bytes that sort and compare exactly.
    static func sorted(_ values: [MMMUAnswers.Value]) -> [[UInt8]] {
        values.map { value in
            switch value {
            case .number(let number): Array("num \(number == 0 ? 0 : number)".utf8)
            case .text(let text): Array("str \(text)".utf8)
            }
        }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    static func sorted(_ value: JSONValue?) -> [[UInt8]] {
        sorted(
            (value?.arrayValue ?? []).compactMap { pair -> MMMUAnswers.Value? in
                guard let parts = pair.arrayValue, parts.count == 2,
                    let text = parts[1].stringValue
                else { return nil }
                if parts[0].stringValue == "str" { return .text(text) }
                return PythonText.float(text).map { .number($0) }
            })
    }
}
