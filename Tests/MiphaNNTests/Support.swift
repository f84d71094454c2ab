import MiphaFiles
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Parameters by name, for stores under test.
struct ListedSource: ParameterSource {
    let tensors: [String: Tensor]

    init(_ shapes: [String: [Int]]) throws {
        tensors = try shapes.mapValues { try Tensor.zeros($0, device: .underTest) }
    }

    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        guard let tensor = tensors[fact.name] else { return nil }
        guard tensor.shape == shape else {
            throw ParameterError("\(fact.name): expected \(shape), found \(tensor.shape)")
        }
        return tensor
    }

    func leftover(besides used: Set<String>) -> [String] {
        tensors.keys.filter { !used.contains($0) }
    }
}

/// A tensor of seeded random numbers between -1 and 1.
func randomTensor(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var generator = SplitMix64(seed: seed)
    return try Tensor(generator.floats(shape.reduce(1, *)), shape: shape, device: .underTest)
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
