internal import CMiphaTorch

/// How elements pass between tensors and the program's own memory.
enum HostMemory {
    /// Copies dense elements in row-major order into a new tensor.
    static func copy(
        _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, device: Device = .cpu,
        into out: UnsafeMutablePointer<mt_tensor?>
    ) -> mt_status {
        withShape(shape) { sizes in
            unsafe mt_tensor_from_bytes(
                bytes.baseAddress, bytes.count, sizes, dtype.cValue, device.cValue, out)
        }
    }

    /// Copies lists of values one after another into a new CPU tensor.
    static func join<Scalar: TensorScalar>(
        _ lists: [[Scalar]], shape: [Int]
    ) throws(TensorError) -> Tensor {
        let result = try Tensor.empty(shape, dtype: Scalar.dtype)
        let count = lists.reduce(0) { $0 + $1.count }
        guard count == result.elementCount else {
            throw TensorError(
                .invalidArgument, operation: "tensor from lists",
                message: "expected \(result.elementCount) values for \(shape), found \(count)")
        }
        guard count > 0, let start = unsafe mt_tensor_data(result.handle) else { return result }
        var target = unsafe UnsafeMutableRawPointer(mutating: start)
        for list in lists {
            unsafe list.withUnsafeBytes { bytes in
                guard let source = bytes.baseAddress else { return }
                unsafe target.copyMemory(from: source, byteCount: bytes.count)
                unsafe target += bytes.count
            }
        }
        return withExtendedLifetime(result) { result }
    }

    /// Views memory that `owner` keeps alive until the tensor's storage is given back.
    static func view(
        _ bytes: UnsafeRawPointer, owner: AnyObject, shape: [Int], dtype: DType
    ) throws(TensorError) -> Tensor {
        let retained = unsafe Unmanaged.passRetained(owner)
        do {
            return try produce("tensor from mapped memory") { out in
                withShape(shape) { sizes in
                    unsafe mt_tensor_from_blob(
                        bytes, sizes, dtype.cValue,
                        { context in
                            guard let context = unsafe context else { return }
                            unsafe Unmanaged<AnyObject>.fromOpaque(context).release()
                        }, retained.toOpaque(), out)
                }
            }
        } catch {
            unsafe retained.release()
            throw error
        }
    }

    /// Copies a tensor's elements, dense in row-major order, over those of an array of as many bytes.
    static func read<Element: BitwiseCopyable>(
        _ tensor: Tensor, into elements: inout [Element], _ operation: String
    ) throws(TensorError) {
        let status = unsafe elements.withUnsafeMutableBytes { bytes in
            unsafe mt_tensor_copy_out(tensor.handle, bytes.baseAddress, bytes.count)
        }
        try check(status, operation, [tensor])
    }

    /// The elements, converted on the CPU: not every device has every dtype.
    static func values<Scalar: TensorScalar>(of tensor: Tensor) throws(TensorError) -> [Scalar] {
        let near = tensor.device.isAccelerator ? try tensor.to(device: .cpu) : tensor
        let source = near.dtype == Scalar.dtype ? near : try near.to(dtype: Scalar.dtype)
        var result = [Scalar](repeating: Scalar.zero, count: tensor.elementCount)
        try read(source, into: &result, "values")
        return result
    }

    /// A copy of a CPU tensor on a device; see ``Tensor/uploaded(to:)``.
    static func upload(_ tensor: Tensor, to device: Device) throws(TensorError) -> Tensor {
        guard tensor.device != device else { return tensor }
        return try produce("upload to \(device)", [tensor]) {
            unsafe mt_tensor_upload(tensor.handle, device.cValue, $0)
        }
    }

    /// Lends the bytes of a tensor's elements, of a copy when they are not dense on the CPU.
    static func lend<R>(_ tensor: Tensor, _ body: (RawSpan) throws -> R) throws -> R {
        let dense = try tensor.to(device: .cpu).contiguous()
        return try withExtendedLifetime(dense) {
            guard let start = unsafe mt_tensor_data(dense.handle) else {
                return try body(RawSpan())
            }
            return try body(unsafe RawSpan(_unsafeStart: start, byteCount: dense.byteCount))
        }
    }
}
