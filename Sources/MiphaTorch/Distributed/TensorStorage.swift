internal import CMiphaTorch

/// The memory of a tensor's elements, which views of it share.
package struct TensorStorage {
    private let tensor: Tensor

    /// - Parameter tensor: the tensor whose memory changes.
    package init(of tensor: Tensor) {
        self.tensor = tensor
    }

    /// Drops the elements of a tensor that is its whole storage, or makes room for them again.
    ///
    /// Views of the tensor keep their shapes and see whatever is written into the new room. Reading
    /// elements while there is no room is an error of the caller's that the engine does not catch.
    ///
    /// - Throws: `TensorError` for a tensor that is a part of its storage, or of mapped memory.
    package func setAllocated(_ isAllocated: Bool) throws(TensorError) {
        try check(
            unsafe mt_tensor_set_storage_allocated(tensor.handle, isAllocated), "set storage",
            [tensor])
    }

    /// Makes the tensor refer to the elements of another one; its place in the graph stays.
    package func replace(with source: Tensor) throws(TensorError) {
        try check(
            unsafe mt_tensor_set_data(tensor.handle, source.handle), "set data", [tensor, source])
    }
}
