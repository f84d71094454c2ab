import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Random numbers of the device under test.
@Suite struct DeviceRandomTests {
    private let device = Device.underTest

    @Test func `dropout draws where its input is`() throws {
        let x = try Tensor.full([4000], 1, device: device)
        func mask(_ seed: UInt64) throws -> [Float] {
            let generator = try RandomGenerator(seed: seed, device: device)
            #expect(generator.device == device)
            return try Functions.dropout(x, probability: 0.25, generator: generator).values()
        }
        let values = try mask(3)
        #expect(try values == mask(3))
        #expect(try values != mask(4))
        #expect(abs(values.count { $0 == 0 } - 1000) < 150)
        #expect(values.allSatisfy { $0 == 0 || abs($0 - 1 / 0.75) < 1e-6 })
    }

    @Test func `a generator of another device is refused`() throws {
        guard device != .cpu else { return }
        let x = try Tensor.full([4], 1, device: device)
        let error = try expectFailure {
            _ = try Functions.dropout(x, probability: 0.5, generator: RandomGenerator(seed: 1))
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("cpu"))
    }

    @Test func `a state continues a generator of its kind only`() throws {
        let generator = try RandomGenerator(seed: 8, device: device)
        let x = try Tensor.full([64], 1, device: device)
        func draw(_ generator: RandomGenerator) throws -> [Float] {
            try Functions.dropout(x, probability: 0.5, generator: generator).values()
        }
        _ = try draw(generator)
        let state = try generator.state()
        #expect(state.device == .cpu)
        let next = try draw(generator)
        let other = try RandomGenerator(seed: 9, device: device)
        try other.restore(state)
        #expect(try draw(other) == next)
        let host = try RandomGenerator(seed: 1).state()
        #expect(try RandomGenerator.kind(ofState: host) == "cpu")
        let kind = try RandomGenerator.kind(ofState: state)
        #expect(device.description.hasPrefix(kind))
        guard device != .cpu else { return }
        let error = try expectFailure { try other.restore(host) }
        #expect(error.message.contains("cpu") && error.message.contains(kind))
        try expectFailure { try RandomGenerator(seed: 1).restore(state) }
    }

    @Test func `first weights do not depend on the device`() throws {
        func drawn(_ device: Device) throws -> [Float] {
            let generator = try RandomGenerator(seed: 2)
            let normal = try Tensor.normal([9], generator: generator, device: device)
            let uniform = try Tensor.uniform([9], in: 0..<2, generator: generator, device: device)
            #expect(normal.device == device && uniform.device == device)
            return try normal.values() + uniform.values()
        }
        #expect(try haveSameBits(drawn(device), drawn(.cpu)))
    }
}
