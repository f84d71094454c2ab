import Foundation
import MiphaFiles

/// The instruction of a judge, from the benchmark's files or our own.
///
/// The published figures rest on the authors' words. They are read from the authors' files where
/// these lie beside the questions; without them, ours are used and the notes say so.
struct JudgeInstruction: Sendable {
    /// The instruction, for MM-Vet with the head and the examples of the table.
    let text: String
    /// What is appended when a reply held no grade.
    let nudge: String
    /// Remarks on the origin.
    let notes: [String]

    /// Files that may hold MM-Vet's instruction: the evaluator's own script, or the bare text.
    static let mmvetNames = [
        "mm-vet_evaluator.py", "mm-vet/mm-vet_evaluator.py", "judge-prompt.txt",
        "mm-vet/judge-prompt.txt",
    ]

    /// LLaVA's script that asks the judge.
    static let llavaBenchNames = LLaVABench.names("eval_gpt_review_bench.py")

    /// MM-Vet's instruction.
    ///
    /// The evaluator's script is searched for its text `prompt = """…"""`, nothing of it is run.
    ///
    /// - Throws: `EvaluationError` when the file is not UTF-8 or has no such text.
    static func mmvet(_ files: BenchmarkFiles) throws(EvaluationError) -> JudgeInstruction {
        guard !files.isFile, let file = try files.optionalFile(mmvetNames) else {
            return JudgeInstruction(
                text: ownTable, nudge: "Give the correctness as a number only: ",
                notes: [
                    "the judge's instruction is this program's own, not the official text: put "
                        + "mm-vet_evaluator.py beside mm-vet.json for figures that compare with "
                        + "published ones"
                ])
        }
        guard let content = String(bytes: try file.read(), encoding: .utf8) else {
            throw EvaluationError(.malformedFile, "\(file.name): expected UTF-8 text")
        }
        guard file.name.hasSuffix(".py") else {
            return JudgeInstruction(
                text: content, nudge: "Give the correctness as a number only: ",
                notes: ["the judge's instruction is that of \(FileSystem.name(of: file.name))"])
        }
        let text = literal(after: "prompt = \"\"\"", until: "\"\"\"", in: content)
        let nudge = literal(after: "+ \"\\nPredict", until: "\"", in: content)
        guard let text, let nudge, !text.contains("\\") else {
            throw EvaluationError(
                .wrongFile,
                "\(file.name): expected MM-Vet's evaluator with its texts prompt = \"\"\"…\"\"\" "
                    + "and \"\\nPredict…\", found neither or only one")
        }
        return JudgeInstruction(
            text: text, nudge: "Predict" + nudge,
            notes: ["the judge's instruction is the official one of mm-vet_evaluator.py"])
    }

    /// LLaVA-Bench's line for the judge's system role.
    ///
    /// Read from `eval_gpt_review_bench.py` where it lies beside the questions.
    ///
    /// - Throws: `EvaluationError` when the script is not UTF-8 or has no such text.
    static func llavaBenchSystem(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> (text: String, notes: [String]) {
        guard !files.isFile, let file = try files.optionalFile(llavaBenchNames) else {
            return (
                "You check how good answers are. You are exact, fair and helpful.",
                [
                    "the judge's system line is this program's own, not the official text: put "
                        + "eval_gpt_review_bench.py beside questions.jsonl for that"
                ]
            )
        }
        let content = String(bytes: try file.read(), encoding: .utf8)
        guard let text = content.flatMap({ literal(after: "'content': '", until: "'", in: $0) }),
            !text.contains("\\")
        else {
            throw EvaluationError(
                .wrongFile, "\(file.name): expected LLaVA's script with its system line, found none"
            )
        }
        return (text, ["the judge's system line is that of eval_gpt_review_bench.py"])
    }

    private static func literal(after start: String, until end: String, in text: String) -> String?
    {
        guard let head = text.range(of: start),
            let tail = text.range(of: end, range: head.upperBound..<text.endIndex)
        else { return nil }
        return String(text[head.upperBound..<tail.lowerBound])
    }

    private static let ownTable = """
        You grade answers. Each row of the table holds a question, the right answer, the answer a \
        model gave and, last, how correct that answer is: one of 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, \
        0.6, 0.7, 0.8, 0.9, 1.0, where 0.0 is entirely wrong and 1.0 entirely right. Parts of the \
        right answer joined by <AND> are all required; of parts joined by <OR> any single one is \
        enough. Fill in only the number that is missing from the last row.

        Question | Ground truth | Prediction | Correctness
        --- | --- | --- | ---
        Which fruits lie on the table? | apple <AND> pear | There is a banana. | 0.0
        Which fruits lie on the table? | apple <AND> pear | I see an apple. | 0.5
        Which fruits lie on the table? | apple <AND> pear | An apple and a pear. | 1.0
        What is the vehicle? | bus <OR> coach | A coach full of people. | 1.0
        Why is the sign funny? | It asks for silence in very large letters, which itself seems \
        loud. | It is written in large letters. | 0.4

        """
}
