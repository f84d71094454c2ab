import MiphaPretend
import MiphaTorch
import Testing

/// Wrong arguments end in errors that name the operation and its operands.
@Suite struct ErrorTests {
    @Test func `an error carries the operation and all shapes`() throws {
        let a = try Tensor.zeros([2, 3])
        let b = try Tensor.zeros([4, 5], dtype: .float64)
        let error = try expectFailure { _ = try a.matmul(b) }
        #expect(error.code == .engine)
        #expect(error.operation == "matmul")
        #expect(error.description.hasPrefix("matmul: "))
        #expect(error.description.contains("float32[2, 3]"))
        #expect(error.description.contains("float64[4, 5]"))
        #expect(!error.message.contains("frame #"), "no backtrace")
        let sum = try expectFailure { _ = try a + Tensor.zeros([2, 4]) }
        #expect(sum.operation == "add")
    }

    @Test func `words of a device's library tell which device ran short of memory`() throws {
        func found(_ message: String) -> TensorError.Code { TensorError.shortage(in: message).code }
        let apple =
            "MPS backend out of memory (MPS allocated: 8.00 GB, other allocations: 1.00 MB, max "
            + "allowed: 9.07 GB). Tried to allocate 1.50 GB on private pool."
        #expect(found(apple) == .deviceOutOfMemory(.mps, requested: 3 << 29))
        let runtime = "CUDA error: out of memory\nCUDA kernel errors might be reported later"
        let cached = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 3 has a total capacity"
        #expect(found(cached) == .deviceOutOfMemory(.cuda(3), requested: 20 << 20))
        // No type of error says so.
        #expect(TensorError.shortage(in: apple).isTold && TensorError.shortage(in: runtime).isTold)
        #expect(!TensorError.shortage(in: "expected a matrix").isTold)
        // Without a number it is the device that this thread works on.
        try PretendDevice.alone {
            for device in PretendDevice.all.reversed() {
                try device.makeCurrent()
                #expect(
                    found("pretend is short of memory")
                        == .deviceOutOfMemory(device, requested: nil))
            }
        }
    }

    @Test func `shapes and places out of range throw`() throws {
        let x = try Tensor.zeros([2, 3])
        try expectFailure { _ = try x.reshaped([4]) }
        try expectFailure { _ = try x.reshaped([-1, -1]) }
        try expectFailure { _ = try x.permuted([0, 0]) }
        try expectFailure { _ = try x.permuted([0]) }
        try expectFailure { _ = try x.transposed(0, 2) }
        try expectFailure { _ = try x.narrowed(0, from: 1, length: 2) }
        try expectFailure { _ = try x.narrowed(2, from: 0, length: 1) }
        try expectFailure { _ = try x.narrowed(0, from: 0, length: -1) }
        try expectFailure { _ = try x.softmax(2) }
        try expectFailure { _ = try x.logSoftmax(-3) }
        try expectFailure { _ = try x.argmax(7) }
        try expectFailure { _ = try x.selecting(Tensor([2])) }
        try expectFailure { _ = try x.selecting(Tensor([-1])) }
        try expectFailure { _ = try x.selecting(Tensor([0.5] as [Float])) }
        try expectFailure { _ = try x.selecting(Tensor([0]), along: 2) }
        try expectFailure { _ = try Tensor.concatenating([], along: 0) }
        try expectFailure { _ = try Tensor.concatenating([x, Tensor.zeros([2, 4])], along: 0) }
        try expectFailure { _ = try Tensor.empty([-2]) }
        try expectFailure { _ = try Tensor.full([.max, .max], 1) }
        try expectFailure { try x.assign(Tensor.zeros([5])) }
        try expectFailure { try x.accumulate(Tensor.zeros([7])) }
        try expectFailure { _ = try Functions.largest(x, count: 4) }
        try expectFailure { _ = try Functions.largest(x, count: -1) }
    }

    @Test func `memory that no machine has is refused`() throws {
        let error = try expectFailure { _ = try Tensor.empty([1 << 40, 1 << 10]) }
        #expect(error.operation == "empty")
    }

    @Test func `layers refuse operands that do not fit`() throws {
        let x = try Tensor.zeros([5, 3])
        let weight = try Tensor.zeros([4, 3])
        try expectFailure { _ = try Functions.linear(x, weight: Tensor.zeros([4, 2]), bias: nil) }
        try expectFailure {
            _ = try Functions.linear(x, weight: Tensor.zeros([3]), bias: Tensor.zeros([2]))
        }
        for bias in [[5], [3], [2, 4], [0]] {
            try expectFailure {
                _ = try Functions.linear(x, weight: weight, bias: Tensor.zeros(bias))
            }
        }
        try expectFailure {
            _ = try Functions.linear(x, weight: weight, bias: Tensor.zeros([4], dtype: .bfloat16))
        }
        try expectFailure {
            _ = try Functions.linear(x, weight: weight.to(dtype: .float64), bias: nil)
        }
        try expectFailure {
            _ = try Functions.layerNorm(
                x, weight: Tensor.zeros([4]), bias: Tensor.zeros([4]), epsilon: 1e-5)
        }
        try expectFailure { _ = try Functions.rmsNorm(x, weight: Tensor.zeros([4]), epsilon: 1e-5) }
        try expectFailure { _ = try Functions.embedding(Tensor([4]), weight: weight) }
        try expectFailure { _ = try Functions.embedding(Tensor([-1]), weight: weight) }
        try expectFailure { _ = try Functions.embedding(x, weight: weight) }
        let pixels = try Tensor.zeros([1, 3, 8, 8])
        try expectFailure {
            _ = try Functions.convolution(
                pixels, weight: Tensor.zeros([2, 4, 2, 2]), bias: nil, stride: 2)
        }
        try expectFailure {
            _ = try Functions.convolution(
                pixels, weight: Tensor.zeros([2, 3, 2, 2]), bias: nil, stride: 0)
        }
        try expectFailure {
            _ = try Functions.convolution(
                pixels, weight: Tensor.zeros([2, 3, 9, 9]), bias: nil, stride: 2)
        }
        let logits = try Tensor.zeros([2, 4])
        try expectFailure { _ = try Functions.crossEntropySum(logits, targets: Tensor([0, 4])) }
        try expectFailure { _ = try Functions.crossEntropySum(logits, targets: Tensor([0, -1])) }
        try expectFailure { _ = try Functions.crossEntropySum(logits, targets: Tensor([0])) }
    }

    @Test func `attention and rotary refuse operands that do not fit`() throws {
        let q = try Tensor.zeros([1, 2, 3, 4])
        try expectFailure {
            _ = try Functions.attention(
                q, Tensor.zeros([1, 2, 3, 5]), q, mask: nil, causal: false, scale: 1)
        }
        try expectFailure {
            _ = try Functions.attention(
                q, Tensor.zeros([1, 2, 5, 4]), Tensor.zeros([1, 2, 6, 4]), mask: nil,
                causal: false, scale: 1)
        }
        let mask = try Tensor.full([1, 1, 3, 3], 1, dtype: .bool)
        try expectFailure {
            _ = try Functions.attention(q, q, q, mask: mask, causal: true, scale: 1)
        }
        try expectFailure {
            _ = try Functions.attention(
                q, q, q, mask: Tensor.full([1, 1, 3, 7], 1, dtype: .bool), causal: false,
                scale: 1)
        }
        let x = try Tensor.zeros([2, 3, 1, 4])
        for shape in [[1, 4, 1], [1, 3, 3], [3, 3, 1], [3, 1]] {
            let angles = try Tensor.zeros(shape)
            let error = try expectFailure {
                _ = try Functions.rotary(x, cos: angles, sin: angles)
            }
            #expect(error.code == .invalidArgument)
        }
        let double = try Tensor.zeros([1, 3, 1], dtype: .float64)
        try expectFailure { _ = try Functions.rotary(x, cos: double, sin: double) }
        try expectFailure {
            _ = try Functions.rotaryFrequencies(rotary: -2, theta: 10000, device: .cpu)
        }
    }

    @Test func `the optimiser step refuses tensors that do not fit together`() throws {
        let constants = AdamWConstants(
            learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0)
        let short = try Tensor.zeros([2])
        func expectRefusal(_ change: (inout AdamWSlot) throws -> Void) throws {
            let long = try Tensor.zeros([4])
            var slot = AdamWSlot(
                parameter: long, gradient: try long.cloned(), first: try long.cloned(),
                second: try long.cloned(), steps: try Tensor.zeros([]))
            try change(&slot)
            try expectFailure { try applyAdamW([slot], constants: constants) }
        }
        try expectRefusal { $0.gradient = short }
        try expectRefusal { $0.first = short }
        try expectRefusal { $0.master = short }
        try expectRefusal { $0.remainder = try Tensor.zeros([4], dtype: .int16) }
        try expectRefusal {
            $0.parameter = try Tensor.zeros([4], dtype: .bfloat16)
            $0.remainder = try Tensor.zeros([2], dtype: .int16)
        }
    }

    @Test func `dropout refuses probabilities that leave nothing or more than all`() throws {
        let generator = try RandomGenerator(seed: 1)
        let x = try Tensor.full([8], 1)
        for probability in [1, 1.5, .nan, -0.5] {
            try expectFailure {
                _ = try Functions.dropout(x, probability: probability, generator: generator)
            }
        }
    }

    @Test func `backward needs a graph and a fitting gradient`() throws {
        let x = try Tensor.zeros([3])
        try expectFailure { try x.backward() }
        try x.setRequiresGradient(true)
        try expectFailure { try (x * 2).backward() }
        try expectFailure { try (x * 2).backward(Tensor.zeros([2])) }
        let y = try (x * x).sum()
        try y.backward()
        try expectFailure { try y.backward() }
        try expectFailure { try Tensor([1, 2]).setRequiresGradient(true) }
    }

    @Test func `a size beyond the rank is our own bug and traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = try Tensor.zeros([2]).size(1)
        }
    }
}
