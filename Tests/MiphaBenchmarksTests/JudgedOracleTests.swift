import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Agreement with the published scorers over synthetic answers, to the last bit.
struct JudgedOracleTests {
    @Test(arguments: ["pix2struct", "qwen-vl"])
    func `ChartQA agrees with both published scripts`(_ variant: String) throws {
        let recorder = try Judged.score(
            ChartQA(), Judged.fixture("chartqa/predictions.jsonl"), Judged.fixture("chartqa"),
            variant)
        let oracle = try Judged.json("chartqa/oracle.json")[variant]
        var items: [Double] = []
        for part in ["human", "augmented"] {
            items += Judged.numbers(oracle?[part]?["items"])
            #expect(
                Judged.figure(recorder, "relaxed_accuracy", part)
                    == oracle?[part]?["total"]?.doubleValue)
        }
        #expect(items.count == 700)
        #expect(Judged.differences(recorder.items.map(\.score), items) == [])
        let parts = ["human", "augmented"].compactMap {
            oracle?[$0]?["total"]?.doubleValue
        }
        #expect(recorder.figures.first?.value == (parts[0] + parts[1]) / 2)
    }

    @Test(arguments: ["official", "pix2struct", "stvqa"])
    func `DocVQA agrees with three published scripts`(_ variant: String) throws {
        let recorder = try Judged.score(
            DocVQA(), Judged.fixture("docvqa/predictions.json"), Judged.fixture("docvqa"), variant)
        let oracle = try Judged.json("docvqa/oracle.json")[variant]
        let items = Judged.numbers(oracle?["items"])
        #expect(items.count == 600)
        #expect(Judged.differences(recorder.items.map(\.score), items) == [])
        #expect(recorder.figures.first?.value == oracle?["total"]?.doubleValue)
    }

    @Test(arguments: ["1", "5", "11"])
    func `MM-Vet adds up grades as the evaluator does`(_ runs: String) throws {
        let recorder = try Judged.score(
            MMVet(), Judged.fixture("mmvet/grades-\(runs).json"), Judged.fixture("mmvet"))
        try expectMMVet(recorder, try Judged.json("mmvet/oracle.json")[runs])
    }

    private func expectMMVet(_ recorder: ScoreRecorder, _ oracle: JSONValue?) throws {
        #expect(recorder.figures.first?.value == oracle?["total"]?.doubleValue)
        #expect(Judged.figure(recorder, "deviation_of_runs") == oracle?["std"]?.doubleValue)
        let runs = recorder.figures.filter { $0.dimension == "run" }.map(\.value)
        #expect(runs == Judged.numbers(oracle?["runs"]))
        for dimension in ["capability", "combination"] {
            let members = try #require(oracle?[dimension]?.objectValue).members
            let found = recorder.figures.filter { $0.dimension == dimension }
            #expect(found.count == members.count)
            for member in members {
                let value = found.first { $0.part == member.key }?.value
                #expect(value == member.value.doubleValue, "\(dimension) \(member.key)")
            }
        }
    }

    @Test func `MM-Vet asks and reads replies as the evaluator does`() throws {
        let plan = try MMVet().judgePlan(
            for: try Predictions(Judged.fixture("mmvet/answers.json")),
            files: try BenchmarkFiles(Judged.fixture("mmvet")), runs: 1)
        #expect(plan.notes == ["the judge's instruction is that of judge-prompt.txt"])
        let prompt = String(
            decoding: try [UInt8](
                Data(contentsOf: URL(filePath: Judged.fixture("mmvet/judge-prompt.txt")))),
            as: UTF8.self)
        let oracle = try Judged.json("mmvet/judged.json")
        #expect(plan.tasks.count == 520)
        var outcomes: [JudgeOutcome] = []
        for task in plan.tasks {
            let entry = try #require(oracle[task.id.text])
            let row = try #require(entry["row"]?.stringValue)
            let replies = entry["replies"]?.arrayValue?.compactMap(\.stringValue) ?? []
            var grade: [Double]?
            var asked: [Double] = []
            for (request, reply) in zip(task.requests, replies) where grade == nil {
                asked.append(request.temperature)
                #expect(request.messages[0].text.hasPrefix(prompt + "\n" + row))
                #expect(request.maxTokens == 3)
                grade = MMVet().grade(reply)
            }
            // The evaluator makes one more request, whose reply it does not read.
            let temperatures = Judged.numbers(entry["temperatures"])
            #expect(asked == Array(temperatures.prefix(5)), "\(task.id)")
            #expect((grade == nil) == (temperatures.count == 6), "\(task.id)")
            #expect((grade?.first ?? 0) == entry["score"]?.doubleValue, "\(task.id) \(replies)")
            let reply = JudgeReply(text: replies[asked.count - 1], model: "judge")
            outcomes.append(
                JudgeOutcome(task: task, reply: reply, grade: grade, attempts: asked.count))
        }
        let folder = try TemporaryFolder()
        let file = folder.file("grades.json")
        try AtomicFile.write(try MMVet().gradeFile(outcomes).bytes, to: file)
        let recorder = try Judged.score(MMVet(), file, Judged.fixture("mmvet"))
        try expectMMVet(recorder, try Judged.json("mmvet/oracle.json")["judged"])
        let unread = outcomes.count { $0.grade == nil }
        #expect(unread > 0)
        #expect(recorder.counts[.unparsed] == unread)
    }

    @Test func `LLaVA-Bench summarises reviews as LLaVA does`() throws {
        let recorder = try Judged.score(
            LLaVABench(), Judged.fixture("llavabench/reviews.jsonl"), Judged.fixture("llavabench"))
        let oracle = try Judged.json("llavabench/oracle.json")
        for part in ["all", "llava_bench_complex", "llava_bench_conv", "llava_bench_detail"] {
            let name = part == "all" ? nil : part
            let found = ["relative_score", "reference_score", "model_score"].map {
                Judged.figure(recorder, $0, name)
            }
            #expect(found == Judged.numbers(oracle[part]), "\(part)")
        }
        #expect(recorder.counts[.unparsed] == 131)
    }

    @Test func `LLaVA-Bench asks and reads replies as LLaVA does`() throws {
        let plan = try LLaVABench().judgePlan(
            for: try Predictions(Judged.fixture("llavabench/answers.jsonl")),
            files: try BenchmarkFiles(Judged.fixture("llavabench")), runs: 1)
        let asked = try lines("llavabench/asked.jsonl").map { $0["text"]?.stringValue }
        let reviews = try lines("llavabench/reviews.jsonl")
        #expect(plan.tasks.count == 520)
        var outcomes: [JudgeOutcome] = []
        for (index, task) in plan.tasks.enumerated() {
            let request = task.requests[0]
            #expect(request.messages.map(\.role) == ["system", "user"])
            #expect(request.messages[1].text == asked[index], "\(task.id)")
            #expect(request.temperature == 0.2 && request.maxTokens == 1024)
            let content = reviews[index]["content"]?.stringValue ?? ""
            let grade = LLaVABench().grade(content)
            #expect((grade ?? [-1, -1]) == Judged.numbers(reviews[index]["tuple"]), "\(content)")
            let reply = JudgeReply(text: content, model: "judge")
            outcomes.append(JudgeOutcome(task: task, reply: reply, grade: grade, attempts: 1))
        }
        let folder = try TemporaryFolder()
        let file = folder.file("reviews.jsonl")
        try AtomicFile.write(try LLaVABench().gradeFile(outcomes).bytes, to: file)
        let recorder = try Judged.score(LLaVABench(), file, Judged.fixture("llavabench"))
        let oracle = try Judged.json("llavabench/oracle.json")
        #expect(recorder.figures.first?.value == Judged.numbers(oracle["all"]).first)
    }

    private func lines(_ name: String) throws -> [JSONValue] {
        var values: [JSONValue] = []
        try Predictions(Judged.fixture(name)).forEachElement { value, _ in values.append(value) }
        return values
    }
}
