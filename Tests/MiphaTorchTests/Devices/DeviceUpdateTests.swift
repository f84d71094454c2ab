import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// The optimiser's step, norm and clipping on the device under test.
@Suite struct DeviceUpdateTests {
    private let device = Device.underTest
    private let constants = AdamWConstants(
        learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0.1)

    private func slot(_ count: Int, _ dtype: DType, on device: Device) throws -> AdamWSlot {
        let parameter = try randomTensor([count], seed: 1).to(dtype: dtype, device: device)
        let moment = try Tensor.zeros([count], device: device)
        var slot = AdamWSlot(
            parameter: parameter,
            gradient: try randomTensor([count], seed: 2).to(dtype: .bfloat16, device: device),
            first: moment, second: try moment.cloned(), steps: try .full([], 1, device: device))
        if dtype != .float32 { slot.master = try parameter.to(dtype: .float32) }
        return slot
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `a step with a gradient of another dtype equals the CPU's`(_ dtype: DType) throws {
        func step(on device: Device) throws -> [Tensor] {
            // Several small parameters are one batch on a device.
            let slots = try [7, 300].map { try slot($0, dtype, on: device) }
            try applyAdamW(slots, constants: constants)
            return slots.flatMap { [$0.parameter, $0.master ?? $0.parameter, $0.first, $0.second] }
        }
        for (found, expected) in try zip(step(on: device), step(on: .cpu)) {
            #expect(found.device == device)
            try expectClose("step", found, expected, Tolerance(relative: 1e-5))
        }
    }

    private func coded(_ count: Int, _ dtype: DType, on device: Device) throws -> AdamWSlot {
        var slot = try slot(count, dtype, on: device)
        slot.first = try .zeros([count], dtype: .uint8, device: device)
        slot.second = try .zeros([count], dtype: .uint8, device: device)
        let blocks = (count + AdamWSlot.momentBlock - 1) / AdamWSlot.momentBlock
        slot.scales = (try .zeros([blocks], device: device), try .zeros([blocks], device: device))
        return slot
    }

    @Test(arguments: [DType.float32, .bfloat16], [200, 256, 5000])
    func `moments in 8 bits are those of the CPU`(
        _ dtype: DType, _ count: Int
    ) throws {
        func steps(on device: Device) throws -> AdamWSlot {
            var slot = try coded(count, dtype, on: device)
            for step in 1...6 {
                try slot.steps.assign(Tensor.full([], Double(step), device: device))
                slot.count = step
                // Of all sizes, so that all codes are needed.
                let sizes = try randomTensor([count], seed: UInt64(step)) * 3
                slot.gradient = try (sizes * sizes * sizes * sizes * sizes).to(device: device)
                try applyAdamW([slot], constants: constants)
            }
            return slot
        }
        let expected = try steps(on: .cpu)
        let found = try steps(on: device)
        let scales = try (#require(found.scales), #require(expected.scales))
        for (one, other) in [
            (found.master ?? found.parameter, expected.master ?? expected.parameter),
            (scales.0.first, scales.1.first), (scales.0.second, scales.1.second),
        ] {
            try expectClose("step", one, other, Tolerance(relative: 1e-5))
        }
        for (one, other) in [(found.first, expected.first), (found.second, expected.second)] {
            let codes = try [one, other].map { try $0.values(as: Int.self) }
            let others = zip(codes[0], codes[1]).filter { $0 != $1 }
            // Numbers between two codes may go to either, where kernels round differently.
            #expect(others.count <= count / 100 && others.allSatisfy { abs($0 - $1) == 1 })
            #expect(Set(codes[0]).count > 20)
        }
    }

    @Test func `a step says whether it has changed anything when it fails`() throws {
        var began = false
        var slot = try slot(8, .float32, on: device)
        slot.first = try .zeros([7], device: device)
        #expect(throws: TensorError.self) {
            try applyAdamW([slot], constants: constants, began: &began)
        }
        #expect(!began)
        slot.first = try .zeros([8], device: device)
        try applyAdamW([slot], constants: constants, began: &began)
        #expect(began)
    }

    @Test func `tensors of a step on two devices are refused by name`() throws {
        guard device != .cpu else { return }
        let changes: [(String, (inout AdamWSlot) throws -> Void)] = [
            ("gradient", { $0.gradient = try $0.gradient.to(device: .cpu) }),
            ("moment", { $0.first = try $0.first.to(device: .cpu) }),
            ("steps", { $0.steps = try $0.steps.to(device: .cpu) }),
            ("master", { $0.master = try $0.master?.to(device: .cpu) }),
        ]
        for (name, change) in changes {
            var mixed = try slot(8, .bfloat16, on: device)
            try change(&mixed)
            let error = try expectFailure { try applyAdamW([mixed], constants: constants) }
            #expect(error.message.contains(name) && error.message.contains("cpu"))
        }
    }

    @Test func `steps are counted for all parameters at once`() throws {
        let counts = try (0..<3).map { try Tensor.full([], Double($0), device: device) }
        try Tensors.add(1, to: counts)
        #expect(try Tensors.items(of: counts) == [1, 2, 3])
    }

    @Test func `many tensors are measured and scaled together`() throws {
        let host = try [[3], [4, 5], []].enumerated().map {
            try randomTensor($1, seed: UInt64($0)) * 10
        }
        let norm = try Tensor.norm(of: host)
        let tensors = try host.map { try $0.to(device: device).cloned() }
        let found = try Tensors.norm(of: tensors)
        #expect(found.device == device)
        #expect(found.dtype == (device == .cpu ? .float64 : .float32))
        #expect(try abs(found.item() - norm) <= 1e-6 * norm)
        try Tensors.scale(tensors, by: 0.3)
        for (scaled, whole) in zip(tensors, host) { try expectClose("scaled", scaled, whole * 0.3) }
    }

    @Test func `a norm on the CPU keeps its digits`() throws {
        let tensors = try (1...3).map { try randomTensor([50 * $0], seed: UInt64($0)) }
        let values = try tensors.flatMap { try $0.values(as: Double.self) }
        let expected = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(try abs(Tensor.norm(of: tensors) - expected) < 1e-13 * expected)
        #expect(try Tensor.norm(of: []) == 0)
    }
}
