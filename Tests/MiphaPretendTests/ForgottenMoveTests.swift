import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Mistakes that the device must show: what a pass or an update reads was left on the CPU, or a buffer
/// is used again before the device has read it.
@Suite(.serialized) struct ForgottenMoveTests {
    /// Something that reads a tensor beside others that are on the device.
    struct Forgotten: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The tensor on the CPU.
        let tensor: @Sendable () throws -> Tensor
        let use: @Sendable (Tensor) throws -> Void

        static let all = passes + updates

        private static let passes = [
            Forgotten(testDescription: "pixels") {
                try randomTensor([1, 3, 8, 8], seed: 1)
            } use: {
                let weight = try there([4, 3, 4, 4])
                _ = try Functions.convolution($0, weight: weight, bias: there([4]), stride: 4)
            },
            Forgotten(testDescription: "ids") {
                try Tensor([4, 0, 4])
            } use: {
                _ = try Functions.embedding($0, weight: there([5, 7]))
            },
            Forgotten(testDescription: "positions") {
                try Tensor([3, 4, 5]).reshaped([1, 3])
            } use: {
                let frequencies = try Functions.rotaryFrequencies(
                    rotary: 6, theta: 1e4, device: pretend)
                _ = try Functions.rotaryAngles(positions: $0, frequencies: frequencies)
            },
            Forgotten(testDescription: "mask") {
                try Tensor([true, true, false, true], shape: [1, 1, 2, 2])
            } use: {
                let heads = try there([1, 2, 2, 8])
                _ = try Functions.attention(
                    heads, heads, heads, mask: $0, causal: false, scale: 0.3)
            },
            Forgotten(testDescription: "targets") {
                try Tensor([0, 8, 2, 1, 3])
            } use: {
                _ = try Functions.linearCrossEntropySum(
                    there([5, 7]), weight: there([9, 7]), bias: there([9]), targets: $0, zLoss: 0)
            },
        ]

        private static let updates = [
            update("gradient") { $0.gradient = $1 }, update("masters") { $0.master = $1 },
            update("first moment") { $0.first = $1 }, update("second moment") { $0.second = $1 },
        ]

        private static func update(
            _ name: String, _ forget: @escaping @Sendable (inout AdamWSlot, Tensor) -> Void
        ) -> Forgotten {
            Forgotten(testDescription: name) {
                try randomTensor([6], seed: 3)
            } use: { left in
                var slot = AdamWSlot(
                    parameter: try there([6]).to(dtype: .bfloat16), gradient: try there([6]),
                    first: try there([6]), second: try there([6]),
                    steps: try .full([], 1, device: pretend))
                slot.master = try there([6])
                forget(&slot, left)
                try applyAdamW(
                    [slot],
                    constants: AdamWConstants(
                        learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3,
                        weightDecay: 0.1))
            }
        }

        private static func there(_ shape: [Int]) throws -> Tensor {
            try randomTensor(shape, seed: 2).to(device: pretend)
        }
    }

    @Test(arguments: Forgotten.all)
    func `what was left on the CPU is an error, and moved it is none`(_ item: Forgotten) throws {
        try PretendDevice.alone {
            let tensor = try item.tensor()
            let error = try expectFailure { try item.use(tensor) }
            #expect(error.message.contains("cpu"), "\(error)")
            #expect(error.message.contains("pretend:1"), "\(error)")
            try item.use(tensor.to(device: pretend))
        }
    }

    @Test func `uploads use their buffers again without losing what was sent`() throws {
        try PretendDevice.alone {
            try PretendDevice.with(.hostile) {
                // More than there are buffers, small ones and large ones, and no kernel between them.
                for (count, elements) in [(80, 16), (7, 400_000)] {
                    let sent = try (0..<count).map {
                        try Tensor.full([elements], Double($0)).uploaded(to: pretend)
                    }
                    try Self.expectInOrder(sent, "\(elements) elements")
                }
                let pending = try (0..<7).map {
                    try PendingUpload(of: Tensor.full([100], Double($0)), to: pretend)
                }
                try Self.expectInOrder(pending.map { try $0.tensor() }, "beside other work")
            }
        }
    }

    private static func expectInOrder(_ tensors: [Tensor], _ name: String) throws {
        for (place, tensor) in tensors.enumerated() {
            let values = try (tensor + 0).values(as: Float.self)
            #expect(values.allSatisfy { $0 == Float(place) }, "\(name): \(place), \(values[0])")
        }
    }
}
