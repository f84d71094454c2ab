internal import CMiphaTorch

extension Tensor {
    /// The same elements in another shape; one size may be -1.
    public func reshaped(_ shape: [Int]) throws(TensorError) -> Tensor {
        try produce("reshape to \(shape)", [self]) { out in
            withShape(shape) { unsafe mt_tensor_reshape(handle, $0, out) }
        }
    }

    /// A view with the dimensions in another order.
    public func permuted(_ order: [Int]) throws(TensorError) -> Tensor {
        try produce("permute \(order)", [self]) { out in
            withShape(order) { unsafe mt_tensor_permute(handle, $0, out) }
        }
    }

    /// A view with two dimensions exchanged.
    public func transposed(_ a: Int, _ b: Int) throws(TensorError) -> Tensor {
        try produce("transpose", [self]) {
            unsafe mt_tensor_transpose(handle, Int64(a), Int64(b), $0)
        }
    }

    /// A view of `length` places of one dimension, from `start`.
    public func narrowed(
        _ dimension: Int, from start: Int, length: Int
    ) throws(TensorError) -> Tensor {
        try produce("narrow dimension \(dimension) to \(start)+\(length)", [self]) {
            unsafe mt_tensor_narrow(handle, Int64(dimension), Int64(start), Int64(length), $0)
        }
    }

    /// Rows of one dimension, chosen by an int64 tensor of rank 1.
    public func selecting(_ indices: Tensor, along dimension: Int = 0) throws(TensorError) -> Tensor
    {
        try produce("index select", [self, indices]) {
            unsafe mt_tensor_index_select(handle, Int64(dimension), indices.handle, $0)
        }
    }

    /// Tensors joined along an existing dimension.
    public static func concatenating(
        _ tensors: [Tensor], along dimension: Int
    ) throws(TensorError) -> Tensor {
        try produce("concatenate", tensors) { out in
            withHandles(tensors) { handles, count in
                unsafe mt_tensor_cat(handles, count, Int64(dimension), out)
            }
        }
    }

    /// The tensor in another dtype or on another device; itself when nothing changes.
    public func to(dtype: DType? = nil, device: Device? = nil) throws(TensorError) -> Tensor {
        let newType = dtype ?? self.dtype
        let newDevice = device ?? self.device
        guard newType != self.dtype || newDevice != self.device else { return self }
        return try produce("convert to \(newType.rawValue) on \(newDevice)", [self]) {
            unsafe mt_tensor_to(handle, newType.cValue, newDevice.cValue, $0)
        }
    }

    /// A copy of a CPU tensor on a device, itself where it is there already; the host does not wait
    /// and may change this tensor.
    public func uploaded(to device: Device) throws(TensorError) -> Tensor {
        try HostMemory.upload(self, to: device)
    }

    /// The tensor with dense row-major elements; itself when it is dense already.
    public func contiguous() throws(TensorError) -> Tensor {
        if unsafe mt_tensor_is_contiguous(handle) { return self }
        return try produce("contiguous", [self]) { unsafe mt_tensor_contiguous(handle, $0) }
    }

    /// A dense copy.
    public func cloned() throws(TensorError) -> Tensor {
        try produce("clone", [self]) { unsafe mt_tensor_clone(handle, $0) }
    }
}
