import MiphaTestSupport
import MiphaTorch
import Testing

/// Norm of the difference of tensors from those that a golden file holds whole, as a share of the norm.
///
/// - Parameter kind: what stands before their names in the file.
func relativeDistance(
    _ tensors: [(name: String, tensor: Tensor)], in expected: GoldenFile, _ kind: String
) throws -> Double {
    // The gradient of this bias is 0 but for rounding, and Adam makes steps of it.
    let known = tensors.filter {
        expected.has("\(kind).\($0.name)") && !$0.name.hasSuffix("k_proj.bias")
    }
    try #require(known.count > 5)
    return try relativeDistance(
        Dictionary(uniqueKeysWithValues: known.map { ($0.name, try $0.tensor.values()) }),
        Dictionary(
            uniqueKeysWithValues: known.map {
                ($0.name, try expected.floats("\(kind).\($0.name)"))
            }))
}
