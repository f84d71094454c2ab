import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Every operation on the device under test against the CPU.
@Suite struct OperationTableTests {
    private static let device = Device.underTest

    /// The results of a case, then the gradients of a sum of them with seeded factors.
    private func outcome(_ item: OperationCase, on device: Device) throws -> [Tensor] {
        let operands = try item.operands().map { try $0.to(device: device).detached() }
        for place in item.learning { try operands[place].setRequiresGradient(true) }
        let results = try item.run(operands)
        for result in results { #expect(result.device == device) }
        var loss: Tensor?
        for (index, result) in results.enumerated() where result.requiresGradient {
            let factors = try randomTensor(result.shape, seed: UInt64(90 + index))
                .to(dtype: result.dtype, device: device)
            let term = try (result * factors).sum()
            loss = try loss.map { try $0 + term } ?? term
        }
        try loss?.backward()
        return try results
            + item.learning.map { place in
                let gradient = try operands[place].gradient()
                return try #require(gradient)
            }
    }

    @Test(arguments: OperationCase.all)
    func `an operation gives the CPU's results and gradients`(_ item: OperationCase) throws {
        let expected = try outcome(item, on: .cpu)
        let found = try outcome(item, on: Self.device)
        #expect(found.count == expected.count)
        for (index, pair) in zip(found, expected).enumerated() {
            #expect(pair.0.dtype == pair.1.dtype)
            let tolerance: Float = pair.1.dtype == .bfloat16 ? 8e-3 : 1e-5
            try expectClose(
                "\(item), result \(index)", pair.0, pair.1, Tolerance(relative: tolerance))
        }
    }

    @Test(.enabled(if: device != .cpu), arguments: OperationCase.all)
    func `an operand alone on the CPU is an error`(_ item: OperationCase) throws {
        let host = try item.operands()
        guard host.count > 1 else { return }
        for place in host.indices {
            var operands = try host.map { try $0.to(device: Self.device) }
            operands[place] = host[place]
            let error = try expectFailure { _ = try item.run(operands) }
            #expect(error.code != .outOfMemory, "\(item), operand \(place): \(error)")
        }
    }

    @Test func `quantised matrices have the bits of the CPU`() throws {
        for format in QuantizationFormat.allCases {
            let weight = try randomTensor([6, 200], seed: 4)
            let here = try QuantizedMatrix(weight, format: format)
            let there = try QuantizedMatrix(weight.to(device: Self.device), format: format)
            for dtype in [DType.float32, .bfloat16] {
                #expect(
                    try haveSameBits(
                        there.dense(dtype: dtype).values(), here.dense(dtype: dtype).values()))
            }
        }
    }
}
