internal import CMiphaTorch

extension Tensor {
    /// Drops the elements of a tensor that is its whole storage, or makes room for them again.
    ///
    /// Views of the tensor keep their shapes and see whatever is written into the new room. Reading
    /// elements while there is no room is an error of the caller's that the engine does not catch.
    ///
    /// - Throws: `TensorError` for a tensor that is a part of its storage, or of mapped memory.
    package func setStorageAllocated(_ isAllocated: Bool) throws(TensorError) {
        try check(
            unsafe mt_tensor_set_storage_allocated(handle, isAllocated), "set storage", [self])
    }

    /// Makes this tensor refer to the elements of another one; its place in the graph stays.
    package func setData(_ source: Tensor) throws(TensorError) {
        try check(unsafe mt_tensor_set_data(handle, source.handle), "set data", [self, source])
    }
}
