internal import CMiphaTorch

extension Tensor {
    /// Whether gradients flow to this tensor.
    public var requiresGradient: Bool { unsafe mt_tensor_requires_grad(handle) }

    /// Marks a leaf as one that collects gradients, or not.
    public func setRequiresGradient(_ value: Bool) throws(TensorError) {
        try check(unsafe mt_tensor_set_requires_grad(handle, value), "requires gradient", [self])
    }

    /// The gradient collected so far, if any.
    public func gradient() throws(TensorError) -> Tensor? {
        var result: mt_tensor?
        try check(unsafe mt_tensor_grad(handle, &result), "gradient", [self])
        return unsafe result.map { unsafe Tensor(owning: $0) }
    }

    /// Replaces the collected gradient; `nil` drops it.
    public func setGradient(_ gradient: Tensor?) throws(TensorError) {
        try check(unsafe mt_tensor_set_grad(handle, gradient?.handle), "set gradient", [self])
    }

    /// The same elements, cut off from the graph that made them.
    public func detached() throws(TensorError) -> Tensor {
        try produce("detach", [self]) { unsafe mt_tensor_detach(handle, $0) }
    }

    /// Collects gradients in the leaves below this tensor and releases the graph.
    ///
    /// - Parameter gradient: gradient of the loss with respect to this tensor; `nil` stands for 1
    ///   and needs a scalar.
    public func backward(_ gradient: Tensor? = nil) throws(TensorError) {
        try check(unsafe mt_tensor_backward(handle, gradient?.handle), "backward", [self])
    }
}
