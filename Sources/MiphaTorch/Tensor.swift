internal import CMiphaTorch

/// A multi-dimensional array of libtorch, with its place in the autograd graph.
///
/// A reference to engine memory: copies of the reference share elements. Not `Sendable`, because
/// gradient mode and autograd state belong to threads.
@safe
public final class Tensor: CustomStringConvertible {
    let handle: mt_tensor

    /// Takes over one reference.
    init(owning handle: mt_tensor) {
        unsafe self.handle = unsafe handle
    }

    /// Copies Swift values, in row-major order, into a new tensor, on the CPU unless a device is
    /// given.
    ///
    /// - Throws: `TensorError` when the count is not the product of `shape`.
    public init<Scalar: TensorScalar>(
        _ values: [Scalar], shape: [Int], device: Device = .cpu
    ) throws(TensorError) {
        unsafe handle = try makeHandle("tensor from values") { out in
            unsafe values.withUnsafeBytes {
                unsafe HostMemory.copy(
                    $0, shape: shape, dtype: Scalar.dtype, device: device, into: out)
            }
        }
    }

    /// Copies Swift values into a new tensor of rank 1, on the CPU unless a device is given.
    public convenience init<Scalar: TensorScalar>(
        _ values: [Scalar], device: Device = .cpu
    ) throws(TensorError) {
        try self.init(values, shape: [values.count], device: device)
    }

    deinit {
        unsafe mt_tensor_free(handle)
    }

    /// Element type.
    public var dtype: DType { unsafe DType(mt_tensor_dtype(handle)) }

    /// Device that holds the elements.
    public var device: Device { unsafe Device(mt_tensor_device(handle)) }

    /// Number of dimensions.
    public var rank: Int { unsafe mt_tensor_rank(handle) }

    /// Sizes of all dimensions.
    public var shape: [Int] { (0..<rank).map { size($0) } }

    /// Number of elements.
    public var elementCount: Int { unsafe Int(mt_tensor_element_count(handle)) }

    /// Number of bytes of the elements when dense.
    public var byteCount: Int { elementCount * dtype.byteCount }

    /// Size of one dimension; negative numbers count from the last.
    public func size(_ dimension: Int) -> Int {
        let place = dimension < 0 ? rank + dimension : dimension
        precondition(place >= 0 && place < rank, "dimension \(dimension) of a rank \(rank) tensor")
        return unsafe Int(mt_tensor_size(handle, place))
    }

    /// Dtype, shape and device but for the CPU, for example `float32[2, 3]` or `int64[4] on cuda:0`.
    public var description: String {
        "\(dtype.rawValue)\(shape)" + (device.isAccelerator ? " on \(device)" : "")
    }
}

/// Runs one engine call that hands out a tensor handle.
@safe
func makeHandle(
    _ operation: @autoclosure () -> String, _ operands: @autoclosure () -> [Tensor] = [],
    _ body: (UnsafeMutablePointer<mt_tensor?>) -> mt_status
) throws(TensorError) -> mt_tensor {
    var result: mt_tensor?
    try check(unsafe body(&result), operation(), operands())
    guard let handle = unsafe result else {
        throw TensorError(.engine, operation: operation(), message: "no result")
    }
    return unsafe handle
}

/// Runs one engine call that produces a tensor.
@safe
func produce(
    _ operation: @autoclosure () -> String, _ operands: @autoclosure () -> [Tensor] = [],
    _ body: (UnsafeMutablePointer<mt_tensor?>) -> mt_status
) throws(TensorError) -> Tensor {
    unsafe Tensor(owning: try makeHandle(operation(), operands(), body))
}

/// Lends a shape to C.
@safe
func withShape<R>(_ sizes: [Int], _ body: (mt_shape) -> R) -> R {
    let wide = sizes.map(Int64.init)
    return unsafe wide.withUnsafeBufferPointer {
        unsafe body(mt_shape(sizes: $0.baseAddress, count: $0.count))
    }
}

/// Lends the handles of several tensors to C, null for those that are absent, and keeps them alive.
@safe
func withHandles<R>(
    _ tensors: [Tensor?], _ body: (UnsafePointer<mt_tensor?>?, Int) -> R
) -> R {
    let handles: [mt_tensor?] = unsafe tensors.map { unsafe $0?.handle }
    return withExtendedLifetime(tensors) {
        unsafe handles.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
    }
}
