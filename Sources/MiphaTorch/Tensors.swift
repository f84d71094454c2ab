internal import CMiphaTorch

/// Operations on many tensors at once; none is recorded.
public enum Tensors {
    /// Euclidean norm over all elements of all tensors of one device, where they are and not waited for.
    ///
    /// - Returns: a scalar: float64 on the CPU, on other devices float32 and accumulated in it.
    public static func norm(of tensors: [Tensor]) throws(TensorError) -> Tensor {
        try produce("norm", tensors) { out in
            withHandles(tensors) { handles, count in unsafe mt_tensors_norm(handles, count, out) }
        }
    }

    /// Multiplies all elements of all tensors by a number.
    public static func scale(_ tensors: [Tensor], by factor: Double) throws(TensorError) {
        let status = withHandles(tensors) { handles, count in
            unsafe mt_tensors_scale_(handles, count, factor)
        }
        try check(status, "scale", tensors)
    }

    /// Adds a number to all elements of all tensors.
    public static func add(_ value: Double, to tensors: [Tensor]) throws(TensorError) {
        let status = withHandles(tensors) { handles, count in
            unsafe mt_tensors_add_scalar_(handles, count, value)
        }
        try check(status, "add", tensors)
    }

    /// The elements of scalar tensors, with one wait for all that are on a device.
    public static func items(of tensors: [Tensor]) throws(TensorError) -> [Double] {
        var result = [Double](repeating: 0, count: tensors.count)
        let status = withHandles(tensors) { handles, count in
            unsafe result.withUnsafeMutableBufferPointer {
                unsafe mt_tensors_download(handles, count, $0.baseAddress)
            }
        }
        try check(status, "items", tensors)
        return result
    }

    /// Dense copies in main memory that later changes of the tensors do not reach.
    ///
    /// Elements on a device are copied beside its other work, in pieces of at most 256 MB; the device
    /// takes no memory for those that are dense. Returns when all copies are made.
    public static func hostCopies(of tensors: [Tensor]) throws(TensorError) -> [Tensor] {
        var handles: [mt_tensor?] = unsafe Array(repeating: nil, count: tensors.count)
        let status = withHandles(tensors) { sources, count in
            unsafe handles.withUnsafeMutableBufferPointer {
                unsafe mt_tensors_to_host(sources, count, $0.baseAddress)
            }
        }
        try check(status, "copies in main memory", tensors)
        var copies: [Tensor] = []
        for index in tensors.indices {
            copies.append(unsafe try Functions.adopt(handles[index], "copies in main memory"))
        }
        return copies
    }
}
