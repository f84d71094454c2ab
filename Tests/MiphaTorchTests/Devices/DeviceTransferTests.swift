import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Copies between the host and the device under test.
@Suite struct DeviceTransferTests {
    private let device = Device.underTest

    @Test func `a source may change as soon as its upload has begun`() throws {
        let source = try Tensor.zeros([1000])
        var sent: [Tensor] = []
        for value in 0..<10 {
            try source.assign(Tensor.full([1000], Double(value)))
            sent.append(try device == .cpu ? source.cloned() : source.uploaded(to: device))
        }
        for (value, tensor) in sent.enumerated() {
            #expect(tensor.device == device)
            #expect(try tensor.values(as: Float.self).allSatisfy { $0 == Float(value) })
        }
    }

    @Test func `uploads beside other work arrive whole, in any order and shape`() throws {
        let sources = try [[3, 5], [0, 4], [], [70_000]].enumerated().map {
            try randomTensor($1, seed: UInt64($0))
        }
        let pending = try sources.map { try $0.beginUpload(to: device) }
        for (upload, source) in zip(pending, sources).reversed() {
            let found = try upload.tensor() * 2
            #expect(found.device == device)
            #expect(found.shape == source.shape)
            #expect(try haveSameBits(found.values(), (source * 2).values()))
        }
        _ = try sources[0].beginUpload(to: device)  // nobody wants it
        let flags = try Tensor([true, false, true], shape: [3]).uploaded(to: device)
        #expect(try flags.values(as: Bool.self) == [true, false, true])
    }

    @Test func `what is not on the CPU is no source of an upload`() throws {
        guard device != .cpu else { return }
        let there = try Tensor.zeros([2], device: device)
        try expectFailure { _ = try there.beginUpload(to: device) }
        try expectFailure { _ = try Tensor.empty([2], device: .meta).uploaded(to: device) }
    }

    @Test func `numbers of all dtypes come down together`() throws {
        let tensors = [
            try Tensor.full([], 2.5, device: device),
            try Tensor([1 << 40], device: device),
            try Tensor.full([1, 1], -3, dtype: .bfloat16, device: device),
            try Tensor.full([], 0.1, dtype: .float64),
        ]
        #expect(try Tensor.items(of: tensors) == [2.5, Double(1 << 40), -3, 0.1])
        #expect(try Tensor.items(of: []) == [])
        try expectFailure { _ = try Tensor.items(of: [Tensor.zeros([2], device: device)]) }
    }

    @Test func `copies on the host are dense and keep their values`() throws {
        let sources = try [[4, 6], [0], [], [100_003]].enumerated().map {
            try randomTensor($1, seed: UInt64($0)).to(device: device).cloned()
        }
        let turned = try sources[0].transposed(0, 1)
        let counts = try Tensor([1, 2, 3], device: device)
        let all = sources + [turned, counts]
        let expected = try all.map { try $0.to(device: .cpu).cloned() }
        let copies = try Tensor.hostCopies(of: all)
        for tensor in all { try tensor.setZero() }
        for (copy, value) in zip(copies, expected) {
            #expect(copy.device == .cpu)
            #expect(copy.dtype == value.dtype)
            #expect(copy.shape == value.shape)
            #expect(try copy.bytes() == value.bytes())
        }
    }

    @Test func `elements are read and converted near the program`() throws {
        let there = try Tensor([1.5, -2] as [Float], device: device)
        #expect(try there.values(as: Double.self) == [1.5, -2])
        #expect(try there.narrowed(0, from: 1, length: 1).item() == -2)
        #expect(try there.absoluteMaximum() == 2)
        #expect(try there.withBytes { $0.byteCount } == 8)
    }

    @Test func `dropped elements come back on their own device`() throws {
        let whole = try Tensor.full([3], 1, device: device)
        let storage = TensorStorage(of: whole)
        try storage.setAllocated(false)
        try storage.setAllocated(true)
        try whole.assign(Tensor([1, 2, 3] as [Float]))
        #expect(whole.device == device)
        #expect(try (whole + whole).values(as: Float.self) == [2, 4, 6])
    }
}
