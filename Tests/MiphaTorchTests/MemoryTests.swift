import MiphaTorch
import Testing

/// Tensors over memory that something else owns.
@Suite struct MemoryTests {
    private final class Flag {
        var isSet = false
    }

    /// Memory that reports when it is freed.
    @safe private final class Owner {
        let bytes: UnsafeMutableRawBufferPointer
        let wasFreed: Flag

        init(_ values: [Float], _ wasFreed: Flag) {
            self.wasFreed = wasFreed
            unsafe bytes = .allocate(byteCount: values.count * 4, alignment: 64)
            unsafe values.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
        }

        deinit {
            unsafe bytes.deallocate()
            wasFreed.isSet = true
        }

        func view(_ shape: [Int]) throws -> Tensor {
            guard let start = unsafe bytes.baseAddress else {
                throw TensorError(.invalidArgument, operation: "view", message: "no memory")
            }
            return unsafe try .viewing(start, owner: self, shape: shape, dtype: .float32)
        }
    }

    @Test func `a view reads its owner's memory and keeps it alive`() throws {
        let flag = Flag()
        var view: Tensor? = try Owner([1, 2, 3, 4], flag).view([2, 2])
        #expect(!flag.isSet)
        #expect(try view?.values(as: Float.self) == [1, 2, 3, 4])
        var part = try view?.narrowed(0, from: 1, length: 1)
        view = nil
        #expect(!flag.isSet)
        #expect(try part?.values(as: Float.self) == [3, 4])
        part = nil
        #expect(flag.isSet)
    }

    @Test func `a graph keeps viewed memory alive until it is gone`() throws {
        let flag = Flag()
        let x = try Tensor([1, 1] as [Float], shape: [1, 2])
        try x.setRequiresGradient(true)
        var product: Tensor?
        do {
            let weight = try Owner([1, 2, 3, 4], flag).view([2, 2])
            product = try Functions.linear(x, weight: weight, bias: nil).sum()
        }
        #expect(!flag.isSet)
        try product?.backward()
        product = nil
        #expect(flag.isSet)
        #expect(try x.gradient()?.values(as: Float.self) == [4, 6])
    }

    @Test func `an impossible view does not leak its owner`() throws {
        let flag = Flag()
        try expectFailure { _ = try Owner([1, 2], flag).view([-3]) }
        #expect(flag.isSet)
    }
}
