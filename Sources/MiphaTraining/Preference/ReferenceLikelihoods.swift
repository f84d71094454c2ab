import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaNN
import MiphaTorch

/// The log-probabilities that the reference model gives both answers of every pair, as kept in the
/// run's folder.
///
/// `reference.safetensors` holds `log_probabilities`, `[pairs, 2]` float64: the pairs of the
/// training data, then those of the validation data, each chosen and rejected. Its metadata have
/// the key of everything that the numbers depend on, how many pairs are done, and a digest of the
/// numbers. A pair that could not be read has no number. The file is replaced as a whole.
struct ReferenceLikelihoods {
    /// Number of pairs of the training data; those of the validation data come after them.
    private let trainingCount: Int
    /// Digest of what the numbers depend on.
    private let key: String
    private let folder: String
    /// Two numbers a pair.
    private(set) var values: [Double]
    /// Number of pairs done, from the first.
    private(set) var done = 0

    private static let tensor = "log_probabilities"

    /// Starts with what a run's folder holds under the same key, or else with nothing.
    init(folder: String, key: String, trainingCount: Int, count: Int) {
        self.folder = folder
        self.key = key
        self.trainingCount = trainingCount
        values = Array(repeating: .nan, count: 2 * count)
        if let (values, done) = Self.stored(path, key: key, count: 2 * count) {
            self.values = values
            self.done = done
        }
    }

    private var path: String { "\(folder)/reference.safetensors" }
    /// Whether the folder holds a file, of this key or another.
    var exists: Bool { FileSystem.kind(path) != nil }

    /// Number of pairs.
    var count: Int { values.count / 2 }
    /// Whether nothing is left to compute.
    var isComplete: Bool { done == count }

    /// The log-probabilities of the chosen and the rejected answer of a pair.
    ///
    /// - Throws: `TrainingError` for a pair that the reference model has not seen.
    func pair(_ number: Int, of part: DataPart) throws(TrainingError) -> [Double] {
        let place = 2 * (part == .training ? number : trainingCount + number)
        guard place + 1 < values.count, values[place].isFinite, values[place + 1].isFinite else {
            throw TrainingError(
                .failed,
                "\(path): no finite log-probability of pair \(number); it could not be read when they "
                    + "were computed, or the model's numbers overflow; remove the file to compute "
                    + "them again")
        }
        return [values[place], values[place + 1]]
    }

    /// Takes in the next pairs.
    mutating func append(_ next: [Double]) {
        values.replaceSubrange(2 * done..<2 * done + next.count, with: next)
        done += next.count / 2
    }

    /// Takes over what another process has.
    mutating func take(_ values: [Double], done: Int) {
        self.values = values
        self.done = done
    }

    /// Writes the file.
    func write() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let tensor = try Tensor(values, shape: [count, 2])
        try SafetensorsFile.write(
            [(Self.tensor, tensor)], to: path,
            metadata: [
                "key": key, "pairs_done": String(done),
                "sha256": SHA256Digest(of: tensor.bytes()).hex,
            ])
    }

    /// The numbers of a file; nil when there is none of that key that is whole.
    private static func stored(
        _ path: String, key: String, count: Int
    ) -> (values: [Double], done: Int)? {
        guard FileSystem.kind(path) == .file, let file = try? SafetensorsFile(path: path),
            file.metadata["key"] == key, let entry = file.entry(tensor),
            entry.scalarType == .float64, entry.shape == [count / 2, 2],
            let done = file.metadata["pairs_done"].flatMap({ Int($0) }),
            (0...count / 2).contains(done)
        else { return nil }
        let bytes = file.bytes(of: entry)
        guard SHA256Digest(of: bytes).hex == file.metadata["sha256"],
            let values = try? Tensor.mapped(entry, of: file).values(as: Double.self)
        else { return nil }
        return (values, done)
    }
}
