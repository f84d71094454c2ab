internal import CMiphaTorch

/// A Swift type that tensors store.
public protocol TensorScalar: BitwiseCopyable {
    /// The dtype with the same memory layout.
    static var dtype: DType { get }
    /// The value that new storage is filled with.
    static var zero: Self { get }
}

extension Float: TensorScalar {
    /// Single precision.
    public static var dtype: DType { .float32 }
}
extension Double: TensorScalar {
    /// Double precision.
    public static var dtype: DType { .float64 }
}
extension Int64: TensorScalar {
    /// Signed 64-bit integer.
    public static var dtype: DType { .int64 }
}
extension Int: TensorScalar {
    /// Signed 64-bit integer.
    public static var dtype: DType { .int64 }
}
extension UInt8: TensorScalar {
    /// Unsigned byte.
    public static var dtype: DType { .uint8 }
}
extension Bool: TensorScalar {
    /// Truth value.
    public static var dtype: DType { .bool }
    /// False.
    public static var zero: Bool { false }
}

extension Tensor {
    /// Copies raw bytes into a new CPU tensor.
    ///
    /// - Throws: `TensorError` when the number of bytes does not fit shape and dtype.
    public static func copying(
        _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType
    ) throws(TensorError) -> Tensor {
        try produce("tensor from bytes") {
            unsafe HostMemory.copy(bytes, shape: shape, dtype: dtype, into: $0)
        }
    }

    /// Copies an array of raw bytes into a new CPU tensor.
    ///
    /// - Throws: `TensorError` when the number of bytes does not fit shape and dtype.
    public static func copying(
        _ bytes: [UInt8], shape: [Int], dtype: DType
    ) throws(TensorError) -> Tensor {
        try produce("tensor from bytes") { out in
            unsafe bytes.withUnsafeBytes {
                unsafe HostMemory.copy($0, shape: shape, dtype: dtype, into: out)
            }
        }
    }

    /// Copies lists of values one after another into a new CPU tensor.
    ///
    /// - Throws: `TensorError` when the count of all is not the product of `shape`.
    public static func joining<Scalar: TensorScalar>(
        _ lists: [[Scalar]], shape: [Int]
    ) throws(TensorError) -> Tensor {
        try HostMemory.join(lists, shape: shape)
    }

    /// Views memory that `owner` keeps alive, without a copy; the tensor must never be written.
    ///
    /// - Parameter bytes: dense elements in row-major order, aligned for `dtype`.
    public static func viewing(
        _ bytes: UnsafeRawPointer, owner: AnyObject, shape: [Int], dtype: DType
    ) throws(TensorError) -> Tensor {
        try unsafe HostMemory.view(bytes, owner: owner, shape: shape, dtype: dtype)
    }

    /// A tensor with unspecified elements.
    public static func empty(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TensorError) -> Tensor {
        try produce("empty") { out in
            withShape(shape) { unsafe mt_tensor_empty($0, dtype.cValue, device.cValue, out) }
        }
    }

    /// A tensor whose elements all have one value.
    public static func full(
        _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
    ) throws(TensorError) -> Tensor {
        try produce("full") { out in
            withShape(shape) { unsafe mt_tensor_full($0, value, dtype.cValue, device.cValue, out) }
        }
    }

    /// A tensor of zeros.
    public static func zeros(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TensorError) -> Tensor {
        try full(shape, 0, dtype: dtype, device: device)
    }

    /// Normally distributed elements, drawn in float32 where the generator is, then moved.
    public static func normal(
        _ shape: [Int], mean: Double = 0, deviation: Double = 1, generator: RandomGenerator,
        dtype: DType = .float32, device: Device = .cpu
    ) throws(TensorError) -> Tensor {
        try produce("normal") { out in
            withShape(shape) {
                unsafe mt_tensor_normal(
                    $0, mean, deviation, generator.handle, dtype.cValue, device.cValue, out)
            }
        }
    }

    /// Evenly distributed elements from `range`, drawn in float32 where the generator is, then moved.
    public static func uniform(
        _ shape: [Int], in range: Range<Double>, generator: RandomGenerator,
        dtype: DType = .float32, device: Device = .cpu
    ) throws(TensorError) -> Tensor {
        try produce("uniform") { out in
            withShape(shape) {
                unsafe mt_tensor_uniform(
                    $0, range.lowerBound, range.upperBound, generator.handle, dtype.cValue,
                    device.cValue, out)
            }
        }
    }

    /// The elements as Swift values in row-major order, converted to the type's dtype.
    public func values<Scalar: TensorScalar>(
        as type: Scalar.Type = Scalar.self
    ) throws(TensorError) -> [Scalar] {
        try HostMemory.values(of: self)
    }

    /// The single element of a one-element tensor.
    public func item() throws(TensorError) -> Double {
        guard elementCount == 1 else {
            throw TensorError(
                .invalidArgument, operation: "item", message: "expected one element, found \(self)")
        }
        return try values(as: Double.self)[0]
    }

    /// The dense elements' bytes in row-major order.
    public func bytes() throws(TensorError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: byteCount)
        try HostMemory.read(self, into: &result, "bytes")
        return result
    }

    /// Lends the dense elements' bytes; the tensor is copied first when it is not dense on the CPU.
    public func withBytes<R>(_ body: (RawSpan) throws -> R) throws -> R {
        try HostMemory.lend(self, body)
    }
}
