internal import CMiphaTorch

extension Tensor {
    /// Element-wise sum with broadcasting.
    public static func + (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        try produce("add", [a, b]) { unsafe mt_tensor_add(a.handle, b.handle, $0) }
    }

    /// Element-wise difference with broadcasting.
    public static func - (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        try produce("subtract", [a, b]) { unsafe mt_tensor_sub(a.handle, b.handle, $0) }
    }

    /// Element-wise product with broadcasting.
    public static func * (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        try produce("multiply", [a, b]) { unsafe mt_tensor_mul(a.handle, b.handle, $0) }
    }

    /// Element-wise quotient with broadcasting.
    public static func / (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
        try produce("divide", [a, b]) { unsafe mt_tensor_div(a.handle, b.handle, $0) }
    }

    /// Sum of every element and a number.
    public static func + (a: Tensor, b: Double) throws(TensorError) -> Tensor {
        try produce("add", [a]) { unsafe mt_tensor_add_scalar(a.handle, b, $0) }
    }

    /// Product of every element and a number.
    public static func * (a: Tensor, b: Double) throws(TensorError) -> Tensor {
        try produce("multiply", [a]) { unsafe mt_tensor_mul_scalar(a.handle, b, $0) }
    }

    /// Matrix product over the last two dimensions, batched over the others.
    public func matmul(_ other: Tensor) throws(TensorError) -> Tensor {
        try produce("matmul", [self, other]) { unsafe mt_tensor_matmul(handle, other.handle, $0) }
    }

    /// Sum of all elements, a scalar tensor.
    public func sum() throws(TensorError) -> Tensor {
        try produce("sum", [self]) { unsafe mt_tensor_sum(handle, $0) }
    }

    /// Largest absolute value; 0 for an empty tensor, NaN when an element is NaN.
    public func absoluteMaximum() throws(TensorError) -> Double {
        var result = 0.0
        try check(unsafe mt_tensor_abs_max(handle, &result), "absolute maximum", [self])
        return result
    }

    /// Softmax over one dimension.
    public func softmax(_ dimension: Int = -1) throws(TensorError) -> Tensor {
        try produce("softmax", [self]) { unsafe mt_tensor_softmax(handle, Int64(dimension), $0) }
    }

    /// Logarithm of the softmax over one dimension.
    public func logSoftmax(_ dimension: Int = -1) throws(TensorError) -> Tensor {
        try produce("log softmax", [self]) {
            unsafe mt_tensor_log_softmax(handle, Int64(dimension), $0)
        }
    }

    /// Place of the largest element along one dimension, int64; the first of equals.
    public func argmax(_ dimension: Int = -1) throws(TensorError) -> Tensor {
        try produce("argmax", [self]) { unsafe mt_tensor_argmax(handle, Int64(dimension), $0) }
    }

    /// Copies `source` into this tensor's elements, converting as needed; not recorded.
    public func assign(_ source: Tensor) throws(TensorError) {
        try check(unsafe mt_tensor_copy_(handle, source.handle), "assign", [self, source])
    }

    /// Copies the rows of `source` over the rows with the numbers `indices`; not recorded.
    ///
    /// - Parameters:
    ///   - source: `[count, ...]`, the dtype of this tensor.
    ///   - indices: `[count]` int64, no number twice.
    public func assignRows(_ source: Tensor, at indices: Tensor) throws(TensorError) {
        try check(
            unsafe mt_tensor_copy_rows_(handle, indices.handle, source.handle), "assign rows",
            [self, indices, source])
    }

    /// Sets all elements to zero; not recorded.
    public func setZero() throws(TensorError) {
        try check(unsafe mt_tensor_zero_(handle), "set zero", [self])
    }

    /// Adds `factor * other` to the elements; not recorded.
    public func accumulate(_ other: Tensor, times factor: Double = 1) throws(TensorError) {
        try check(
            unsafe mt_tensor_add_(handle, other.handle, factor), "accumulate", [self, other])
    }

    /// Multiplies the elements by a number; not recorded.
    public func scale(by factor: Double) throws(TensorError) {
        try check(unsafe mt_tensor_scale_(handle, factor), "scale", [self])
    }

    /// Euclidean norm over all elements of all tensors, accumulated in float64 on the CPU.
    public static func norm(of tensors: [Tensor]) throws(TensorError) -> Double {
        try Tensors.norm(of: tensors).item()
    }
}
