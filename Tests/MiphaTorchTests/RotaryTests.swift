import Foundation
import MiphaTestSupport
import MiphaTorch
import Testing

/// Rotary position embedding against its definition.
@Suite struct RotaryTests {
    /// The definition, written out in double precision.
    private func rotated(
        _ x: [Float], shape: [Int], positions: [[Int]], rotary: Int, theta: Double
    ) -> [Float] {
        let (tokens, heads, width, half) = (shape[1], shape[2], shape[3], rotary / 2)
        var result = x
        for row in 0..<shape[0] {
            for token in 0..<tokens {
                let position = positions[positions.count == 1 ? 0 : row][token]
                for head in 0..<heads {
                    let start = ((row * tokens + token) * heads + head) * width
                    for i in 0..<half {
                        let angle = Double(position) * pow(theta, -2 * Double(i) / Double(rotary))
                        let (low, high) = (Double(x[start + i]), Double(x[start + half + i]))
                        result[start + i] = Float(low * cos(angle) - high * sin(angle))
                        result[start + half + i] = Float(high * cos(angle) + low * sin(angle))
                    }
                }
            }
        }
        return result
    }

    @Test(arguments: [
        (8, [[0, 1, 2, 700]]), (4, [[3, 0, 9, 1], [0, 0, 5, 6]]), (2, [[1, 2, 3, 4]]),
    ])
    func `rotation equals its definition and leaves the tail unchanged`(
        _ rotary: Int, _ positions: [[Int]]
    ) throws {
        let shape = [2, 4, 3, 10]
        let x = try randomTensor(shape, seed: 12)
        let angles = try Functions.rotaryAngles(
            positions: Tensor(positions.flatMap { $0 }, shape: [positions.count, 4]),
            frequencies: Functions.rotaryFrequencies(rotary: rotary, theta: 500, device: .cpu))
        #expect(angles.cos.shape == [positions.count, 4, rotary / 2])
        let found = try Functions.rotary(x, cos: angles.cos, sin: angles.sin)
        let expected = try rotated(
            x.values(), shape: shape, positions: positions, rotary: rotary, theta: 500)
        // Angles are float32 as in the reference: 700 is known to 6e-5.
        let comparison = Comparison(
            "rotation", try found.values(), expected, Tolerance(relative: 1e-4), shape: shape)
        #expect(comparison.passes, "\(comparison)")
        let tail = 10 - rotary
        #expect(
            try found.narrowed(3, from: rotary, length: tail).values(as: Float.self)
                == x.narrowed(3, from: rotary, length: tail).values(as: Float.self))
    }

    @Test func `an input that is not dense gives the same`() throws {
        let x = try randomTensor([2, 3, 5, 6], seed: 1)
        let view = try x.transposed(1, 2)
        let angles = try Functions.rotaryAngles(
            positions: Tensor([0, 1, 2, 3, 4], shape: [1, 5]),
            frequencies: Functions.rotaryFrequencies(rotary: 4, theta: 100, device: .cpu))
        try expectClose(
            "rotation", Functions.rotary(view, cos: angles.cos, sin: angles.sin),
            Functions.rotary(view.contiguous(), cos: angles.cos, sin: angles.sin),
            Tolerance(relative: 0))
    }

    @Test(arguments: [DType.bfloat16, .float64, .float16])
    func `other dtypes round the float32 result`(_ dtype: DType) throws {
        let x = try randomTensor([1, 3, 2, 6], seed: 1).to(dtype: dtype)
        let angles = try Functions.rotaryAngles(
            positions: Tensor([0, 5, 9], shape: [1, 3]),
            frequencies: Functions.rotaryFrequencies(rotary: 4, theta: 100, device: .cpu))
        let found = try Functions.rotary(x, cos: angles.cos, sin: angles.sin)
        #expect(found.dtype == dtype)
        let expected = try Functions.rotary(
            x.to(dtype: .float32), cos: angles.cos, sin: angles.sin
        ).to(dtype: dtype)
        try expectClose(
            "rotation", found, expected, .of(.operation, dtype == .bfloat16 ? .bfloat16 : .float32))
    }

    @Test func `the gradient equals the numeric one`() throws {
        let shape = [2, 2, 1, 6]
        let x = try randomTensor(shape, seed: 21)
        let direction = try randomTensor(shape, seed: 22)
        let angles = try Functions.rotaryAngles(
            positions: Tensor([4, 1, 0, 3], shape: [2, 2]),
            frequencies: Functions.rotaryFrequencies(rotary: 4, theta: 50, device: .cpu))
        func objective(_ x: Tensor) throws -> Tensor {
            try (Functions.rotary(x, cos: angles.cos, sin: angles.sin) * direction).sum()
        }
        let leaf = try x.cloned()
        try leaf.setRequiresGradient(true)
        try objective(leaf).backward()
        let values = try x.values(as: Float.self)
        // The map is linear: a step of 1 has no truncation error.
        let numeric = try values.indices.map { index in
            var (up, down) = (values, values)
            up[index] += 0.5
            down[index] -= 0.5
            return try Float(
                objective(Tensor(up, shape: shape)).item()
                    - objective(Tensor(down, shape: shape)).item())
        }
        let comparison = Comparison(
            "gradient", try #require(try leaf.gradient()).values(), numeric,
            .of(.operationGradient), shape: shape)
        #expect(comparison.passes, "\(comparison)")
    }
}
