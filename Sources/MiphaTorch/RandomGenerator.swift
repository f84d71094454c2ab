internal import CMiphaTorch

/// A stream of random numbers of the engine, always passed explicitly.
@safe
public final class RandomGenerator {
    let handle: mt_generator

    /// Creates a generator, on the CPU unless a device is given.
    ///
    /// A stream depends on the kind of the device: each draws other numbers.
    public init(seed: UInt64, device: Device = .cpu) throws(TensorError) {
        var result: mt_generator?
        try check(
            unsafe mt_generator_create(seed, device.cValue, &result), "generator on \(device)")
        guard let made = unsafe result else {
            throw TensorError(.engine, operation: "generator", message: "no result")
        }
        unsafe handle = unsafe made
    }

    deinit {
        unsafe mt_generator_free(handle)
    }

    /// Device of the tensors that the generator fills.
    public var device: Device { unsafe Device(mt_generator_device(handle)) }

    /// Kind of the devices whose generators go on from a saved state, such as `cpu` or `cuda`.
    public static func kind(ofState state: Tensor) throws(TensorError) -> String {
        var result: UnsafePointer<CChar>?
        try check(
            unsafe mt_generator_state_kind(state.handle, &result), "generator state", [state])
        return unsafe result.map { unsafe String(cString: $0) } ?? ""
    }

    /// The whole state as a uint8 tensor on the CPU, so that a stream can be continued exactly.
    public func state() throws(TensorError) -> Tensor {
        try produce("generator state") { unsafe mt_generator_state(handle, $0) }
    }

    /// Continues from a saved state of a generator of the same kind of device.
    public func restore(_ state: Tensor) throws(TensorError) {
        try check(
            unsafe mt_generator_set_state(handle, state.handle), "restore generator", [state])
    }
}
