import ArgumentParser
import Foundation
import MiphaBenchmarks
import MiphaEvaluation

extension JudgeArguments {
    /// Looks at what would fail only after all questions were answered.
    func check(before chosen: [Scoring], isPart: Bool = false) throws {
        guard let judgeModel else { return }
        let judged = chosen.filter { $0.benchmark is any JudgedBenchmark }
        guard !judged.isEmpty else {
            throw ValidationError(
                "--judge-model: expected a benchmark that needs a judge, found "
                    + chosen.map(\.benchmark.card.title).joined(separator: ", "))
        }
        guard grades == nil || judged.count == 1 else {
            throw ValidationError(
                "--grades: one file cannot take the grades of \(judged.count) benchmarks; without it "
                    + "each has one beside its predictions")
        }
        guard !isPart else {
            throw ValidationError(
                "--judge-model: a part is not graded; give it to mipha eval merge")
        }
        guard yes || isatty(FileHandle.standardInput.fileDescriptor) == 1 else {
            throw ValidationError(
                "--judge-model: the judge would be asked after the answers; give --yes to agree")
        }
        _ = try JudgeEndpoint(base: judgeUrl, model: judgeModel, keyVariable: judgeKey)
    }
}
