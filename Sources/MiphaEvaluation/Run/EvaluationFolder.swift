import Foundation
public import MiphaBenchmarks
import MiphaFiles

/// The output of one benchmark's evaluation.
///
/// ```
/// FOLDER/run.json           what was run: model, settings, shard
/// FOLDER/answers.jsonl      the log, in the order answers came
/// FOLDER/predictions.jsonl  LLaVA's answer lines, in the benchmark's order
/// FOLDER/items.jsonl        the score of every answer
/// FOLDER/scores.json        every figure
/// ```
public struct EvaluationFolder: Sendable {
    /// The folder.
    public let path: String

    /// Names a folder, creating it if necessary.
    ///
    /// - Throws: `EvaluationError` when it cannot be made.
    public init(_ path: String) throws(EvaluationError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EvaluationError(.system, "\(path): the folder cannot be made: \(error)")
        }
    }

    /// The log of answers.
    public var logFile: String { "\(path)/answers.jsonl" }
    /// LLaVA's answer lines.
    public var predictionsFile: String { "\(path)/predictions.jsonl" }
    /// The score of every answer.
    public var itemsFile: String { "\(path)/items.jsonl" }
    /// Every figure.
    public var scoresFile: String { "\(path)/scores.json" }
    /// What was run.
    public var runFile: String { "\(path)/run.json" }

    /// Whether an evaluation was begun here, or other answers would be overwritten.
    public var isBegun: Bool {
        [logFile, runFile, predictionsFile].contains { FileSystem.kind($0) != nil }
    }

    /// Whether a path leads to this folder, whatever way.
    func isSame(as other: String) -> Bool {
        func real(_ path: String) -> URL {
            URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL
        }
        return real(path).path() == real(other).path()
    }

    /// Notes what is run.
    public func write(_ run: EvaluationRunRecord) throws(EvaluationError) {
        try write(Array((try text(run.json) + "\n").utf8), to: runFile)
    }

    /// Writes the answers of a plan in LLaVA's form.
    ///
    /// - Returns: the number of questions without an answer.
    @discardableResult
    public func writePredictions(
        _ plan: EvaluationPlan, _ log: AnswerLog, modelName: String
    ) throws(EvaluationError) -> Int {
        var lines: [UInt8] = []
        var missing = 0
        for planned in plan.questions {
            guard let answer = log.answer(planned.key) else {
                missing += 1
                continue
            }
            let question = planned.question
            var object: JSONObject = [
                "question_id": question.id.json,
                "prompt": .string(question.writtenPrompt ?? question.text),
                "text": .string(answer.text),
                // LLaVA draws a random id; one made of the key keeps repeated runs equal.
                "answer_id": .string(String(planned.key.prefix(22))),
                "model_id": .string(modelName), "metadata": .object(JSONObject()),
            ]
            for field in question.answerFields.members { object[field.key] = field.value }
            lines += Array(try text(.object(object)).utf8)
            lines.append(0x0A)
        }
        try write(lines, to: predictionsFile)
        return missing
    }

    func text(_ value: JSONValue) throws(EvaluationError) -> String {
        do {
            return try value.text(.compact)
        } catch {
            throw EvaluationError(error)
        }
    }

    func write(_ bytes: [UInt8], to file: String) throws(EvaluationError) {
        do {
            try AtomicFile.write(bytes, to: file)
        } catch {
            throw EvaluationError(error)
        }
    }
}

/// What a run was, for merging and reports.
public struct EvaluationRunRecord: Sendable, Equatable {
    /// The benchmark's id.
    public var benchmark: String
    /// The model.
    public var model: EvaluatedModel
    /// The longest answer in tokens.
    public var maxTokens: Int
    /// Only the first questions; nil for all.
    public var limit: Int?
    /// The part.
    public var shard: EvaluationShard
    /// Number of questions over all parts.
    public var total: Int
    /// Whether questions on one image were answered together.
    public var groupsByPicture: Bool

    /// Makes a record.
    public init(
        benchmark: String, model: EvaluatedModel, maxTokens: Int, limit: Int?,
        shard: EvaluationShard, total: Int, groupsByPicture: Bool = true
    ) {
        self.benchmark = benchmark
        self.model = model
        self.maxTokens = maxTokens
        self.limit = limit
        self.shard = shard
        self.total = total
        self.groupsByPicture = groupsByPicture
    }

    var json: JSONValue {
        [
            "benchmark": .string(benchmark), "model": .string(model.name),
            "fingerprint": .string(model.fingerprint),
            "facts": .array(
                model.facts.map { ["label": .string($0.label), "value": .string($0.value)] }),
            "max_tokens": .integer(maxTokens), "limit": limit.map { .integer($0) } ?? .null,
            "shard": .string("\(shard.index)/\(shard.count)"), "questions": .integer(total),
            "groups_by_picture": .bool(groupsByPicture),
        ]
    }

    /// Reads what ``EvaluationFolder/write(_:)`` wrote.
    ///
    /// - Throws: `EvaluationError` naming what is missing.
    public init(contentsOf path: String) throws(EvaluationError) {
        let value: JSONValue
        do {
            value = try JSONValue(contentsOf: path)
        } catch {
            throw EvaluationError(error)
        }
        guard let benchmark = value["benchmark"]?.stringValue,
            let name = value["model"]?.stringValue,
            let fingerprint = value["fingerprint"]?.stringValue,
            let maxTokens = value["max_tokens"]?.integerValue,
            let shard = value["shard"]?.stringValue, let total = value["questions"]?.integerValue
        else {
            throw EvaluationError(
                .wrongFile,
                "\(path): expected benchmark, model, fingerprint, max_tokens, shard and questions; "
                    + "this file was not written by an evaluation")
        }
        let facts = (value["facts"]?.arrayValue ?? []).compactMap { fact in
            fact["label"]?.stringValue.flatMap { label in
                fact["value"]?.stringValue.map { EvaluationReport.Fact(label, $0) }
            }
        }
        self.init(
            benchmark: benchmark,
            model: EvaluatedModel(name: name, fingerprint: fingerprint, facts: facts),
            maxTokens: maxTokens, limit: value["limit"]?.integerValue,
            shard: try EvaluationShard(parsing: shard), total: total,
            groupsByPicture: value["groups_by_picture"] != .bool(false))
    }
}
