internal import CMiphaTorch

/// A stream of random numbers of the engine, always passed explicitly.
@safe
public final class RandomGenerator {
    let handle: mt_generator

    /// Creates a CPU generator.
    public init(seed: UInt64) throws(TensorError) {
        var result: mt_generator?
        try check(unsafe mt_generator_create(seed, &result), "generator")
        guard let made = unsafe result else {
            throw TensorError(.engine, operation: "generator", message: "no result")
        }
        unsafe handle = unsafe made
    }

    deinit {
        unsafe mt_generator_free(handle)
    }

    /// The whole state as a uint8 tensor, so that a stream can be continued exactly.
    public func state() throws(TensorError) -> Tensor {
        try produce("generator state") { unsafe mt_generator_state(handle, $0) }
    }

    /// Continues from a saved state.
    public func restore(_ state: Tensor) throws(TensorError) {
        try check(
            unsafe mt_generator_set_state(handle, state.handle), "restore generator", [state])
    }
}
