import MiphaBenchmarks
import MiphaTestSupport
import Testing

struct JudgedQuestionTests {
    private let short = "\nAnswer the question using a single word or phrase."

    private func questions(_ benchmark: any Benchmark) throws -> [Question] {
        let folder = PackagePaths.fixture("benchmarks/\(benchmark.card.id)")
        let questions = try benchmark.questions(try BenchmarkFiles(folder))
        for question in questions {
            for picture in question.pictures { #expect(try !picture.load().isEmpty) }
        }
        return questions
    }

    @Test func `ChartQA asks both halves with the short-answer instruction`() throws {
        let questions = try questions(ChartQA())
        #expect(
            questions.map(\.id.text)
                == ["human_0", "human_1", "human_2", "augmented_0", "augmented_1"])
        #expect(questions[0].text == "How many bars are red?" + short)
        #expect(questions[3].expected == ["47%"])
        #expect(
            questions.map { $0.pictures[0].name }.prefix(3) == [
                "bars.png", "bars.png", "lines.png",
            ])
    }

    @Test func `DocVQA asks with the short-answer instruction`() throws {
        let questions = try questions(DocVQA())
        #expect(questions.map(\.id.text) == ["101", "102", "103"])
        #expect(questions[1].text == "To whom is the memo addressed?" + short)
        #expect(questions[0].expected == ["March 3, 1998", "3/3/98"])
        #expect(questions[0].pictures == questions[1].pictures)
    }

    @Test func `MM-Vet asks LLaVA's questions without an instruction`() throws {
        let questions = try questions(MMVet())
        #expect(questions.map(\.id.text) == ["0", "1", "2"])
        #expect(questions[1].text == "What animal is this?")
        #expect(questions[0].expected == ["2<AND>7"])
    }

    @Test func `LLaVA-Bench asks without an instruction`() throws {
        let questions = try questions(LLaVABench())
        #expect(questions.map(\.category) == ["conv", "detail", "complex"])
        #expect(questions[2].text == "Why might the man be waiting?")
    }

    @Test func `own questions are asked as they are written`() throws {
        let questions = try questions(Custom())
        #expect(
            questions.map(\.id.text)
                == ["picture-0-colour", "picture-0-count", "picture-1-letter"])
        #expect(questions[0].text == "What colour is it?")
        #expect(questions.map(\.expected) == [["red"], ["1"], ["B"]])
        #expect(questions.map(\.category) == ["colour", "count", "choice"])
    }

    @Test func `MM-Vet without LLaVA's file asks the authors' questions`() throws {
        let folder = try TemporaryFolder()
        let source = PackagePaths.fixture("benchmarks/mmvet")
        _ = try folder.copy(of: source, named: "mm-vet")
        _ = try folder.copy(of: source + "/images", named: "mm-vet/images")
        try folder.write("mm-vet/llava-mm-vet.jsonl.old", "")
        let bundle = try MMVet().questions(try BenchmarkFiles(folder.path))
        #expect(bundle.map(\.id.text) == ["0", "1", "2"])
        let alone = try MMVet().questions(try BenchmarkFiles(folder.file("mm-vet/mm-vet.json")))
        #expect(alone.map(\.id.text) == ["v1_0", "v1_1", "v1_2"])
    }

    @Test func `the catalogue's cards are whole`() throws {
        for benchmark in [
            ChartQA() as any Benchmark, DocVQA(), MMVet(), LLaVABench(), Custom(),
        ] {
            let card = benchmark.card
            #expect(try BenchmarkCatalog.named(card.id).card.title == card.title)
            #expect(try card.variant(nil) == card.variants[0])
            #expect(throws: EvaluationError.self) { try card.variant("no such variant") }
        }
    }
}
