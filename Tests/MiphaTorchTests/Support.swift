import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import Testing

/// A tensor of seeded random numbers between -1 and 1.
func randomTensor(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var generator = SplitMix64(seed: seed)
    return try Tensor(generator.floats(shape.reduce(1, *)), shape: shape)
}

/// Records an issue when two tensors differ in shape or values.
func expectClose(
    _ name: String, _ found: Tensor?, _ expected: Tensor?,
    _ tolerance: Tolerance = .of(.operation), _ location: SourceLocation = #_sourceLocation
) throws {
    let found = try #require(found, "\(name): absent", sourceLocation: location)
    let expected = try #require(expected, "\(name): nothing expected", sourceLocation: location)
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
