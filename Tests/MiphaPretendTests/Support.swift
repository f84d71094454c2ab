import MiphaFiles
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// A device of the kind; the second one, so that a use of the first by mistake is seen.
let pretend = PretendDevice.all[1]

/// Seeded random numbers between -1 and 1 on the CPU.
func randomTensor(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var generator = SplitMix64(seed: seed)
    return try Tensor(generator.floats(shape.reduce(1, *)), shape: shape)
}

/// Records an issue when two tensors differ in shape or values.
func expectClose(
    _ name: String, _ found: Tensor, _ expected: Tensor,
    _ tolerance: Tolerance = .of(.operationGradient), _ location: SourceLocation = #_sourceLocation
) throws {
    #expect(found.shape == expected.shape, "\(name)", sourceLocation: location)
    let comparison = try Comparison(
        name, found.values(as: Float.self), expected.values(as: Float.self), tolerance,
        shape: found.shape)
    #expect(comparison.passes, "\(comparison)", sourceLocation: location)
}

/// Asserts that an operation throws, and returns the error.
@discardableResult
func expectFailure(
    _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> TensorError {
    try #require(
        #expect(throws: TensorError.self, sourceLocation: location) { try body() },
        sourceLocation: location)
}
