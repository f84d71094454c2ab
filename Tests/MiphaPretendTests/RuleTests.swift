import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// What the device refuses and counts, seen through the engine's interface.
@Suite(.serialized) struct RuleTests {
    @Test func `the device has a name, a number and memory of its own`() throws {
        try PretendDevice.alone {
            #expect(PretendDevice.all.count == 2)
            for (index, device) in PretendDevice.all.enumerated() {
                #expect(device.description == "pretend:\(index)")
                for name in ["pretend:\(index)", "privateuseone:\(index)"] {
                    #expect(try Device(parsing: name) == device)
                }
                let tensor = try Tensor.full([2, 2], 3, device: device)
                #expect(tensor.device == device)
                #expect(try tensor.values(as: Float.self) == [3, 3, 3, 3])
                try device.synchronize()
            }
            #expect(throws: (any Error).self) { try Device(parsing: "pretend:2") }
        }
    }

    @Test func `operands on two devices are an error that names both`() throws {
        try PretendDevice.alone {
            let (near, far) = (
                try randomTensor([3, 3], seed: 1),
                try randomTensor([3, 3], seed: 1).to(device: pretend)
            )
            let other = try far.to(device: PretendDevice.all[0])
            for (a, b) in [(near, far), (far, near), (far, other)] {
                let errors = [
                    try expectFailure { _ = try a + b },
                    try expectFailure { _ = try a.matmul(b) },
                    try expectFailure { _ = try Functions.linear(a, weight: b, bias: nil) },
                ]
                for error in errors {
                    #expect(error.message.contains("pretend:"), "\(error)")
                }
            }
            try far.assign(near)
            try expectClose("copy", far, near)
        }
    }

    @Test func `memory is counted per device, given back and limited`() throws {
        try PretendDevice.alone {
            let before = PretendDevice.memory(of: pretend).now
            PretendDevice.resetPeak(of: pretend)
            do {
                let tensor = try Tensor.zeros([1000], device: pretend)
                let twice = try tensor + tensor
                #expect(twice.elementCount == 1000)
                #expect(PretendDevice.memory(of: pretend).now - before == 8000)
                #expect(try pretend.memory().used == PretendDevice.memory(of: pretend).now)
            }
            #expect(PretendDevice.memory(of: pretend).now == before)
            #expect(PretendDevice.memory(of: pretend).peak - before >= 8000)
            let error = try PretendDevice.withRoom(bytes: 1000, on: pretend) {
                try expectFailure { _ = try Tensor.zeros([1000], device: pretend) }
            }
            #expect(error.code == .deviceOutOfMemory(pretend, requested: 4000), "\(error)")
            #expect(try Tensor.zeros([1000], device: pretend).elementCount == 1000)
        }
    }

    @Test func `kernels, waits and copies are counted by what they are`() throws {
        try PretendDevice.alone {
            let near = try randomTensor([4, 4], seed: 1)
            let (far, up) = try PretendDevice.counting { try near.to(device: pretend) }
            #expect(up.copiesUp == 1 && up.bytesUp == 64 && up.waitingCopiesUp == 1)
            #expect(up.waits == 0 && up.copiesDown == 0)
            let (product, work) = try PretendDevice.counting { try far.matmul(far) }
            #expect(work.kernels == 1)
            #expect(work.operators["aten::mm.out"] == 1)
            let (_, viewed) = try PretendDevice.counting { try far.transposed(0, 1) }
            #expect(viewed.kernels == 0)
            #expect(work.waits == 0 && work.bytesUp == 0)
            let (_, down) = try PretendDevice.counting { try product.values(as: Float.self) }
            #expect(down.copiesDown == 1 && down.bytesDown == 64 && down.waits == 1)
        }
    }

    @Test func `generators of the device repeat themselves and stay there`() throws {
        try PretendDevice.alone {
            let generator = try RandomGenerator(seed: 5, device: pretend)
            let state = try generator.state()
            func draw() throws -> [Float] {
                try Tensor.normal([8], generator: generator, device: pretend).values()
            }
            let first = try draw()
            #expect(try draw() != first)
            try generator.restore(state)
            #expect(try draw() == first)
        }
    }

    @Test func `without float64 results in float64 are refused and others are not`() throws {
        try PretendDevice.alone {
            let x = try randomTensor([3], seed: 1).to(device: pretend)
            try PretendDevice.with(.withoutFloat64) {
                let error = try expectFailure { _ = try x.to(dtype: .float64) }
                #expect(error.message.contains("float64"))
                try expectFailure { _ = try Tensor.zeros([2], dtype: .float64, device: pretend) }
                #expect(try (x * 2.5).values(as: Double.self).count == 3)
            }
            #expect(try x.to(dtype: .float64).dtype == .float64)
        }
    }

    @Test func `uploads survive late copies, and their buffers do not leak into each other`() throws
    {
        try PretendDevice.alone {
            try PretendDevice.with(.hostile) {
                for round in 0..<8 {
                    let source = try Tensor.full([64], Double(round))
                    let far = try source.uploaded(to: pretend)
                    let pending = try PendingUpload(of: source, to: pretend)
                    try source.setZero()
                    let (a, b) = (try far + 0, try pending.tensor() + 0)
                    let expected = [Float](repeating: Float(round), count: 64)
                    #expect(try a.values(as: Float.self) == expected)
                    #expect(try b.values(as: Float.self) == expected)
                    let copies = try Tensors.hostCopies(of: [a, b])
                    try a.setZero()
                    #expect(
                        try copies.map { try $0.values(as: Float.self) } == [expected, expected])
                }
            }
        }
    }

    @Test func `new memory of a hostile device has no numbers`() throws {
        try PretendDevice.alone {
            try PretendDevice.with(.hostile) {
                let values = try Tensor.empty([4], device: pretend).values(as: Float.self)
                #expect(values.allSatisfy { $0.isNaN })
            }
        }
    }
}
