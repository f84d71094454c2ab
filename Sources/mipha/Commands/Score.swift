import ArgumentParser
import Foundation
import MiphaBenchmarks
import MiphaFiles

/// Scores of predictions that exist.
struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score predictions with the rules of the official scorer; no model needed.",
        discussion: """
            EXAMPLE:
              mipha score textvqa --predictions answers.jsonl --annotations TextVQA_0.5.1_val.json
              mipha score pope --compare a.jsonl b.jsonl --annotations pope/coco
              mipha score mmbench --predictions answers.jsonl --annotations mmbench_dev.tsv \
            --upload upload.xlsx
              mipha score --list

            Predictions are LLaVA's answer lines (question_id, prompt, text) or the benchmark's own \
            result format, recognised by content. Annotations are the authors' files: one file, a \
            folder, or a zip archive. --variant chooses among the rules that public tools use; \
            --list names them. Intervals are 95 % bootstrap intervals over images. \
            --compare --partial compares the questions that both files answer, leaves the others \
            out and says how many those were.
            """)

    @Argument(help: "Benchmark; --list names all.")
    var benchmark: String?

    @Option(help: "Predictions: a file or folder.")
    var predictions: String?

    @Option(help: "The benchmark's files: a file, a folder or a zip archive.")
    var annotations: String?

    @Option(help: "Whose rule to score by; the first of --list is the default.")
    var variant: String?

    @Option(help: "Write the score of every answer to this file, one JSON object a line.")
    var perItem: String?

    @Option(help: "Write the file that the benchmark's server takes, instead of scoring.")
    var upload: String?

    @Option(
        parsing: .upToNextOption,
        help: "Compare two predictions files: paired difference, interval, p-value, flips.")
    var compare: [String] = []

    @Flag(
        help:
            "Score only the questions that have an answer; with --compare, that both sides answered."
    )
    var partial = false

    @Flag(help: "List the benchmarks, their variants and files; with --json as JSON.")
    var list = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Judge") var judge: JudgeArguments
    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        if list { return }
        try validateUpload()
        guard benchmark != nil else {
            throw ValidationError("expected a benchmark; --list names all")
        }
        guard annotations != nil else {
            throw ValidationError("--annotations: expected the benchmark's files")
        }
        guard compare.isEmpty || compare.count == 2 else {
            throw ValidationError("--compare: expected two files, found \(compare.count)")
        }
        guard compare.isEmpty || (perItem == nil && upload == nil && judge.judgeModel == nil) else {
            throw ValidationError(
                "--compare takes no --per-item, --upload or --judge-model; score each side first")
        }
        guard (predictions != nil) != (compare.count == 2) else {
            throw ValidationError("expected either --predictions FILE or --compare A B")
        }
    }

    private func validateUpload() throws {
        guard upload != nil else { return }
        let others = [
            ("--json", json), ("--per-item", perItem != nil), ("--partial", partial),
            ("--judge-model", judge.judgeModel != nil),
        ]
        let given = others.filter(\.1).map(\.0)
        guard given.isEmpty else {
            throw ValidationError(
                "--upload writes the server's file and scores nothing; it takes no "
                    + given.joined(separator: ", no "))
        }
    }

    func run() async throws {
        let output = logging.output
        guard !list, let benchmark, let annotations else {
            if json {
                try output.result(ScorePrinter.listing)
            } else {
                output.result(Self.listing)
            }
            return
        }
        let scoring = try Scoring(BenchmarkCatalog.named(benchmark), variant: variant)
        let files = try BenchmarkFiles(annotations)
        if compare.count == 2 {
            try compare(scoring, files, output)
            return
        }
        guard let predictions else { return }
        var answers = try Predictions(predictions)
        if let upload {
            try write(scoring.benchmark, answers, files, to: upload, output)
            return
        }
        answers.isPartial = partial
        answers = try await judge.graded(answers, scoring.benchmark, files, output)
        let result = try scoring.score(answers, against: files, itemsFile: perItem)
        if json {
            try output.result(result.report.json)
        } else {
            output.result(ScorePrinter.text(result.report, card: scoring.benchmark.card))
        }
    }

    private func compare(
        _ scoring: Scoring, _ files: BenchmarkFiles, _ output: TerminalOutput
    ) throws {
        let sides = try compare.map { path in
            var answers = try Predictions(path)
            answers.isPartial = partial
            return answers
        }
        let comparison = try scoring.compare(sides[0], sides[1], against: files)
        if json {
            try output.result(comparison.json)
        } else {
            output.result(ScorePrinter.text(comparison))
        }
    }

    private func write(
        _ benchmark: any Benchmark, _ predictions: Predictions, _ files: BenchmarkFiles,
        to path: String, _ output: TerminalOutput
    ) throws {
        try OutputFile.check(
            path, for: "--upload", predictions: predictions.path, annotations: files,
            of: benchmark.card)
        guard let submission = try benchmark.submission(of: predictions, files: files) else {
            throw EvaluationError(
                .invalidRequest,
                "--upload: \(benchmark.card.title) has no server that takes predictions")
        }
        try AtomicFile.write(submission.bytes, to: path)
        output.note("upload file written to \(path)")
    }

    private static var listing: String {
        var lines: [String] = []
        for benchmark in BenchmarkCatalog.all {
            let card = benchmark.card
            lines.append("\(card.id)  \(card.title), \(card.split); data: \(card.licence)")
            for variant in card.variants {
                lines.append("    --variant \(variant.name)  \(variant.summary)")
            }
            for file in card.files {
                let more = file.names.count > 1 ? " or elsewhere" : ""
                lines.append("    \(file.names[0])\(more)  \(file.content)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
