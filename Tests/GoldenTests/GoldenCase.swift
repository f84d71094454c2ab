import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// A golden model folder in the official layout.
enum GoldenCase: String, CaseIterable, CustomTestStringConvertible {
    case tiny, square, linear

    var testDescription: String { rawValue }
    var folder: String { PackagePaths.fixture("goldens/\(rawValue)") }

    func file(_ name: String) throws -> GoldenFile { try GoldenFile("\(rawValue)/\(name)") }

    func model(
        dtype: DType? = nil, use: CheckpointSource.Use = .inference
    ) throws -> MiphaModel {
        try MiphaModel(folder: folder, dtype: dtype, use: use)
    }

    /// The golden gradients by parameter name.
    func gradients() throws -> [String: [Float]] {
        let parts =
            self == .tiny
            ? ["gradients.vision.safetensors", "gradients.language.safetensors"]
            : ["gradients.safetensors"]
        var gradients: [String: [Float]] = [:]
        for part in parts {
            let file = try file(part)
            for name in file.names {
                gradients[String(name.dropFirst("grad.".count))] = try file.floats(name)
            }
        }
        return gradients
    }
}

/// The inputs of a golden case, with the image blocks of text-only rows left out.
///
/// In the reference a row without a marker owns an unused block; ours owns none.
struct GoldenInputs {
    let batch: MiphaBatch
    /// Places of the used blocks among the golden's blocks.
    let usedBlocks: [Int]

    init(_ file: GoldenFile, idMask: ((Int) -> Bool)? = nil) throws {
        let ids = try file.rows("ids")
        let slots = try file.integers("slots")
        var used: [Int] = []
        var block = 0
        for (row, count) in slots.enumerated() {
            if ids[row].contains(MarkerID.image) { used += block..<block + count }
            block += count
        }
        usedBlocks = used
        let all = try Tensor(file.floats("pixel_values"), shape: file.shape("pixel_values"))
        batch = MiphaBatch(
            ids: ids, labels: try file.rows("labels"), pixels: try all.selecting(Tensor(used)),
            idMasks: idMask.map { rule in ids.map { $0.map(rule) } })
    }

    /// The values of the used blocks.
    func usedValues(_ file: GoldenFile, _ name: String) throws -> [Float] {
        let all = try Tensor(file.floats(name), shape: file.shape(name))
        return try all.selecting(Tensor(usedBlocks)).values()
    }
}

/// Ends the test when values differ: what comes after the first wrong layer is wrong too.
func requireClose(
    _ name: String, _ found: Tensor, _ expected: [Float], _ tolerance: Tolerance,
    _ location: SourceLocation = #_sourceLocation
) throws {
    let comparison = try Comparison(
        name, found.values(as: Float.self), expected, tolerance, shape: found.shape)
    try #require(comparison.passes, "\(comparison)", sourceLocation: location)
}

extension Tensor {
    /// The first `length` positions of one row of a batch.
    func row(_ row: Int, length: Int) throws -> Tensor {
        let chosen = try narrowed(0, from: row, length: 1).narrowed(1, from: 0, length: length)
        return try chosen.reshaped([length, -1])
    }
}
