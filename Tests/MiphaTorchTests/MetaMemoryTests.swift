import MiphaPretend
import MiphaTorch
import Testing

struct MetaMemoryTests {
    /// Bytes in use.
    private final class Counter {
        private(set) var live = 0
        private(set) var peak = 0
        private let isOnDevice: Bool

        init(isOnDevice: Bool = false) {
            self.isOnDevice = isOnDevice
        }

        private final class Block {
            private let counter: Counter
            private let bytes: Int

            init(_ counter: Counter, _ bytes: Int) {
                self.counter = counter
                self.bytes = bytes
                counter.live += bytes
                counter.peak = max(counter.peak, counter.live)
            }

            deinit { counter.live -= bytes }
        }

        var memory: MetaMemory {
            MetaMemory(isOnDevice: isOnDevice) { [self] in Block(self, $0) }
        }
    }

    // MARK: Pieces

    /// The loss of so many rows whose logits in float32 take more than a piece of the CPU.
    private static func loss(on device: Device) throws {
        let x = try Tensor.full([2048, 8], 0.5, device: device)
        let weight = try Tensor.full([8192, 8], 0.25, device: device)
        for tensor in [x, weight] { try tensor.setRequiresGradient(true) }
        let targets = try Tensor.zeros([2048], dtype: .int64, device: device)
        _ = try Functions.linearCrossEntropySum(x, weight: weight, bias: nil, targets: targets)
    }

    /// A step of a parameter in bfloat16 whose gradient has two pieces of the CPU.
    private static func step(on device: Device) throws {
        func tensor(_ dtype: DType) throws -> Tensor {
            try .zeros([2 << 20], dtype: dtype, device: device)
        }
        let slot = try AdamWSlot(
            parameter: tensor(.bfloat16), gradient: tensor(.bfloat16), first: tensor(.float32),
            second: tensor(.float32), steps: .full([], 1, device: device), master: tensor(.float32))
        try applyAdamW(
            [slot],
            constants: AdamWConstants(
                learningRate: 0.1, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0))
    }

    private static func counted(
        onDevice: Bool, _ body: (Device) throws -> Void
    ) throws -> Int {
        let counter = Counter(isOnDevice: onDevice)
        try withMetaMemory(counter.memory) { try body(.meta) }
        #expect(counter.live == 0)
        return counter.peak
    }

    @Test func `on a device the memory of its pieces is counted`() throws {
        let logits = 4 * 2048 * 8192
        #expect(try Self.counted(onDevice: true, Self.loss) > 2 * logits)
        #expect(try Self.counted(onDevice: false, Self.loss) < 2 * logits)
        let converted = 4 << 21
        #expect(
            try Self.counted(onDevice: true, Self.step)
                - Self.counted(onDevice: false, Self.step) == converted)
    }

    @Test func `the memory that is counted is what a device gives`() throws {
        let device = PretendDevice.all[0]
        for body in [Self.loss, Self.step] {
            let counted = try Self.counted(onDevice: true, body)
            let taken = try PretendDevice.alone {
                let before = PretendDevice.memory(of: device).now
                PretendDevice.resetPeak(of: device)
                try body(device)
                return PretendDevice.memory(of: device).peak - before
            }
            let error = Double(counted) / Double(taken) - 1
            #expect(abs(error) < 0.05, "counted \(counted), taken \(taken)")
        }
    }

    @Test func `pinned buffers are those of a device that copies go to`() {
        let bytes = { (up: Int, down: Int) in
            Device.cuda(7).pinnedBytes(largestUpload: up, largestDownload: down)
        }
        let (most, more) = (256 << 20, 257 << 20)
        #expect(bytes(0, 0) == 0 && bytes(1 << 10, 0) == 32 << 10)
        #expect(bytes(3 << 20, 0) == 3 * 4 << 20 && bytes(most, 0) == 3 * most)
        #expect(bytes(more, 0) == 0)
        #expect(bytes(0, 3 << 20) == 2 * 4 << 20 && bytes(0, more) == 2 * most)
        for device in [Device.cpu, .mps, .meta] {
            #expect(device.pinnedBytes(largestUpload: 5, largestDownload: 5) == 0)
        }
    }

    @Test func `memory is taken for storage and goes back with it`() throws {
        let counter = Counter()
        let before = try Tensor.empty([100], device: .meta)
        try withMetaMemory(counter.memory) {
            let first = try Tensor.empty([5, 5], device: .meta)
            let view = try first.reshaped([25])
            #expect(counter.live == 100)
            let sum = try view + view
            #expect(counter.live == 200)
            try withMetaMemory(nil) {
                let other = try sum + sum
                #expect(other.byteCount == 100 && counter.live == 200)
            }
            _ = try before + before
            #expect(counter.live == 200)
            withExtendedLifetime((view, sum)) {}
        }
        #expect(counter.live == 0)
    }

    @Test func `elements are read as 0 while memory is counted`() throws {
        let meta = try Tensor.empty([2], device: .meta)
        let found = try withMetaMemory(Counter().memory) { try meta.values(as: Float.self) }
        #expect(found == [0, 0])
        try expectFailure { _ = try meta.values(as: Float.self) }
    }

    @Test func `the optimiser steps over the meta device while memory is counted`() throws {
        func tensor() throws -> Tensor { try .zeros([2], device: .meta) }
        let slot = try AdamWSlot(
            parameter: tensor(), gradient: tensor(), first: tensor(), second: tensor(),
            steps: .zeros([], device: .meta))
        let constants = AdamWConstants(
            learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0)
        try withMetaMemory(Counter().memory) { try applyAdamW([slot], constants: constants) }
        let error = try expectFailure { try applyAdamW([slot], constants: constants) }
        #expect(error.description.contains("no memory is counted"))
    }

    // MARK: What operations give

    /// Inputs on a device.
    private struct Inputs {
        let device: Device
        let dtype: DType

        func tensor(_ shape: Int..., learns: Bool = true) throws -> Tensor {
            let tensor = try Tensor.full(shape, 0.5, dtype: dtype, device: device)
            if learns { try tensor.setRequiresGradient(true) }
            return tensor
        }

        func numbers(_ count: Int) throws -> Tensor {
            try Tensor.zeros([count], dtype: .int64, device: device)
        }
    }

    private typealias Operation = (Inputs) throws -> (inputs: [Tensor], result: Tensor)

    private static var operations: [(String, Operation)] { products + lookups + losses }

    private static var products: [(String, Operation)] {
        [
            (
                "linear",
                {
                    let (x, weight, bias) = try (
                        $0.tensor(2, 6, 8), $0.tensor(12, 8), $0.tensor(12)
                    )
                    return ([x, weight, bias], try Functions.linear(x, weight: weight, bias: bias))
                }
            ),
            (
                "activated linear",
                {
                    let (x, weight, bias) = try (
                        $0.tensor(2, 6, 8), $0.tensor(12, 8), $0.tensor(12)
                    )
                    return (
                        [x, weight, bias],
                        try Functions.linear(activated: x, .geluTanh, weight: weight, bias: bias)
                    )
                }
            ),
            (
                "norm",
                {
                    let (x, weight, bias) = try ($0.tensor(2, 6, 8), $0.tensor(8), $0.tensor(8))
                    return (
                        [x, weight, bias],
                        try Functions.layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5)
                    )
                }
            ),
            (
                "root mean square norm",
                {
                    let (x, weight) = try ($0.tensor(2, 6, 8), $0.tensor(8))
                    return ([x, weight], try Functions.rmsNorm(x, weight: weight, epsilon: 1e-5))
                }
            ),
        ]
    }

    private static var lookups: [(String, Operation)] {
        [
            (
                "embedding",
                {
                    let table = try $0.tensor(9, 8)
                    return ([table], try Functions.embedding($0.numbers(4), weight: table))
                }
            ),
            (
                "selection",
                {
                    let x = try $0.tensor(9, 8)
                    return ([x], try x.selecting($0.numbers(4)))
                }
            ),
            (
                "convolution",
                {
                    let (x, weight, bias) = try (
                        $0.tensor(2, 3, 9, 8), $0.tensor(5, 3, 4, 4), $0.tensor(5)
                    )
                    return (
                        [x, weight, bias],
                        try Functions.convolution(x, weight: weight, bias: bias, stride: 4)
                    )
                }
            ),
            (
                "attention",
                {
                    let (q, k, v) = try (
                        $0.tensor(2, 3, 6, 4), $0.tensor(2, 3, 6, 4), $0.tensor(2, 3, 6, 4)
                    )
                    return (
                        [q, k, v],
                        try Functions.attention(q, k, v, mask: nil, causal: true, scale: 0.5)
                    )
                }
            ),
            (
                "rotation",
                {
                    let x = try $0.tensor(2, 6, 3, 8)
                    let positions = try $0.numbers(6).reshaped([1, 6])
                    let angles = try Functions.rotaryAngles(
                        positions: positions,
                        frequencies: Functions.rotaryFrequencies(
                            rotary: 4, theta: 10000, device: positions.device))
                    return ([x], try Functions.rotary(x, cos: angles.cos, sin: angles.sin))
                }
            ),
        ]
    }

    private static var losses: [(String, Operation)] {
        [
            (
                "head",
                {
                    let (x, weight, bias) = try ($0.tensor(6, 8), $0.tensor(12, 8), $0.tensor(12))
                    return (
                        [x, weight, bias],
                        try Functions.linearCrossEntropySum(
                            x, weight: weight, bias: bias, targets: $0.numbers(6), zLoss: 0.1)
                    )
                }
            ),
            (
                "cross-entropy",
                {
                    let x = try $0.tensor(6, 12)
                    return (
                        [x], try Functions.crossEntropySum(x, targets: $0.numbers(6), zLoss: 0.1)
                    )
                }
            ),
        ]
    }

    @Test(arguments: operations.map(\.0), [DType.float32, .bfloat16])
    func `on the meta device an operation gives what it gives on the CPU`(
        name: String, dtype: DType
    ) throws {
        let operation = try #require(Self.operations.first { $0.0 == name }).1
        func shapes(_ device: Device) throws -> [String] {
            let (inputs, result) = try operation(Inputs(device: device, dtype: dtype))
            try result.backward(
                .full(result.shape, 1, dtype: result.dtype, device: device))
            let gradients = try inputs.map { try $0.gradient() }
            return ([result] + gradients).map { $0?.description ?? "none" }
        }
        let expected = try shapes(.cpu)
        let found = try withMetaMemory(Counter().memory) { try shapes(.meta) }
        #expect(found == expected)
    }

    @Test(arguments: QuantizationFormat.allCases)
    func `a quantised matrix takes on the meta device what it takes on the CPU`(
        format: QuantizationFormat
    ) throws {
        let shape = [6, 700]
        let (found, expected) = try (
            QuantizedMatrix(.empty(shape, device: .meta), format: format),
            QuantizedMatrix(.full(shape, 0.5), format: format)
        )
        #expect(found.byteCount == expected.byteCount)
        #expect(try found.dense(dtype: .bfloat16).description == "bfloat16[6, 700]")
    }
}
