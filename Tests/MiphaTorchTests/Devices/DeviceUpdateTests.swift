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
