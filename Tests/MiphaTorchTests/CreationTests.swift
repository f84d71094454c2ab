import MiphaFiles
import MiphaTorch
import Testing

/// Storage, dtypes and conversion.
@Suite struct CreationTests {
    @Test(arguments: DType.allCases)
    func `bytes come back as they went in`(_ dtype: DType) throws {
        let bytes: [UInt8]
        if dtype == .bool {
            bytes = [0, 1, 1, 0, 1, 0]
        } else {
            var generator = SplitMix64(seed: 5)
            bytes = (0..<6 * dtype.byteCount).map { _ in generator.next(upperBound: 120) }
        }
        let tensor = try Tensor.copying(bytes, shape: [2, 3], dtype: dtype)
        #expect(tensor.dtype == dtype)
        #expect(tensor.shape == [2, 3])
        #expect(tensor.byteCount == bytes.count)
        let out = try tensor.withBytes { span in
            unsafe span.withUnsafeBytes { unsafe Array($0) }
        }
        #expect(out == bytes)
    }

    @Test(arguments: DType.allCases)
    func `small whole numbers survive every dtype`(_ dtype: DType) throws {
        let values: [Float] = dtype == .bool ? [0, 1, 1, 0] : [0, 1, 2, 7]
        let converted = try Tensor(values).to(dtype: dtype)
        #expect(converted.dtype == dtype)
        #expect(try converted.values(as: Float.self) == values)
        #expect(try converted.values(as: Double.self) == values.map(Double.init))
        #expect(try converted.values(as: Int64.self) == values.map(Int64.init))
        #expect(try converted.values(as: UInt8.self) == values.map(UInt8.init))
        #expect(try converted.values(as: Bool.self) == values.map { $0 != 0 })
        let full = try Tensor.full([2], 1, dtype: dtype)
        #expect(try full.values(as: Float.self) == [1, 1])
        #expect(try Tensor.empty([3, 0], dtype: dtype).elementCount == 0)
    }

    @Test func `bfloat16 rounds to nearest, ties to even`() throws {
        let halfway: [Float] = [1 + 1 / 256, 1 + 3 / 256, -1 - 1 / 256, 3.140625]
        let rounded = try Tensor(halfway).to(dtype: .bfloat16).values(as: Float.self)
        #expect(rounded == [1, 1 + 4 / 256, -1, 3.140625])
    }

    @Test func `values of a view are those of its place, in row-major order`() throws {
        let tensor = try Tensor((0..<12).map(Float.init), shape: [3, 4])
        #expect(
            try tensor.transposed(0, 1).values(as: Int.self) == [
                0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11,
            ])
        #expect(
            try tensor.narrowed(1, from: 1, length: 2).values(as: Int.self) == [1, 2, 5, 6, 9, 10])
        #expect(try tensor.narrowed(0, from: 2, length: 1).shape == [1, 4])
        #expect(try tensor.permuted([1, 0]).contiguous().values(as: Int.self)[1] == 4)
        #expect(try tensor.selecting(Tensor([2, 0, 2])).values(as: Int.self).first == 8)
        #expect(try tensor.reshaped([2, -1]).shape == [2, 6])
        #expect(tensor.size(-1) == 4)
    }

    @Test func `an element count that does not fit the shape is refused`() throws {
        let error = try expectFailure { _ = try Tensor([1, 2, 3] as [Float], shape: [2, 2]) }
        #expect(error.code == .invalidArgument)
        #expect(error.description.contains("16 bytes"))
        #expect(error.description.contains("found 12"))
        try expectFailure { _ = try Tensor.copying([1, 2, 3], shape: [2], dtype: .int16) }
    }

    @Test func `joined lists stand one after another`() throws {
        let lists: [[Float]] = [[1, 2, 3], [], [4], [5, 6]]
        let joined = try Tensor.joining(lists, shape: [2, 3])
        #expect(joined.shape == [2, 3] && joined.dtype == .float32)
        #expect(try joined.values(as: Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(try Tensor.joining([[Int]](), shape: [0, 3]).shape == [0, 3])
        for shape in [[7], [5], [0]] {
            let error = try expectFailure { _ = try Tensor.joining(lists, shape: shape) }
            #expect(error.code == .invalidArgument && error.message.contains("found 6"))
        }
    }

    @Test func `item needs exactly one element`() throws {
        #expect(try Tensor([2.5] as [Double], shape: [1, 1]).item() == 2.5)
        let error = try expectFailure { _ = try Tensor([1, 2] as [Float]).item() }
        #expect(error.operation == "item")
        #expect(error.message.contains("float32[2]"))
    }

    @Test func `converting to what a tensor already is costs nothing`() throws {
        let tensor = try Tensor([1, 2] as [Float])
        #expect(try tensor.to(dtype: .float32, device: .cpu) === tensor)
        #expect(try tensor.contiguous() === tensor)
        #expect(try tensor.cloned() !== tensor)
    }

    @Test func `a clone and a detached tensor differ in what they share`() throws {
        let tensor = try Tensor([1, 2] as [Float])
        let (clone, detached) = (try tensor.cloned(), try tensor.detached())
        try tensor.setZero()
        #expect(try clone.values(as: Float.self) == [1, 2])
        #expect(try detached.values(as: Float.self) == [0, 0])
    }
}

extension SplitMix64 {
    fileprivate mutating func next(upperBound: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: next() % upperBound)
    }
}
