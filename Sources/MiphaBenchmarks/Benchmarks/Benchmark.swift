import MiphaFiles

/// A benchmark: which questions to ask, and how the answers score.
///
/// One value type in one file under `Benchmarks/`, one line in ``BenchmarkCatalog``.
public protocol Benchmark: Sendable {
    /// Name, files and variants.
    var card: BenchmarkCard { get }

    /// What is read of the records of predictions and of the benchmark's files.
    var fields: [FieldList] { get }

    /// The questions in the order of the authors' files, with LLaVA's prompts.
    ///
    /// - Throws: `EvaluationError` naming a missing, wrong or damaged file.
    func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question]

    /// Scores predictions.
    ///
    /// Records every item and adds the figures, the headline first, with all digits of the official
    /// scorer. Answers that cannot be parsed are recorded as such, never guessed.
    ///
    /// - Parameters:
    ///   - predictions: answer lines of LLaVA's form or the benchmark's own result format.
    ///   - files: the annotations.
    ///   - variant: one of the card's.
    /// - Throws: `EvaluationError` naming the file that is wrong and what was expected.
    func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError)

    /// The file that the benchmark's server takes; nil where there is no server.
    func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission?
}

extension Benchmark {
    /// No list.
    public var fields: [FieldList] { [] }

    /// No server.
    public func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission? { nil }
}

/// A file to upload to a benchmark's server.
public struct Submission: Sendable {
    /// Its name.
    public let name: String
    /// Its content.
    public let bytes: [UInt8]

    /// Makes a submission.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Makes a submission of JSON.
    ///
    /// - Parameter style: one line of ASCII by default, as LLaVA's converters write it.
    init(
        name: String, json: JSONValue,
        style: JSONStyle = JSONStyle(indentation: nil, escapesNonASCII: true)
    ) throws(EvaluationError) {
        do {
            self.init(name: name, bytes: try json.bytes(style))
        } catch {
            throw EvaluationError(error)
        }
    }
}
