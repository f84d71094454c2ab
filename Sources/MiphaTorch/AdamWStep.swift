internal import CMiphaTorch

/// Constants of one AdamW step.
public struct AdamWConstants: Sendable, Equatable {
    /// Step size.
    public var learningRate: Double
    /// Decay of the first moment.
    public var beta1: Double
    /// Decay of the second moment.
    public var beta2: Double
    /// Added to the square root of the second moment.
    public var epsilon: Double
    /// Decoupled weight decay, multiplied by the learning rate.
    public var weightDecay: Double

    /// Creates the constants.
    public init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// The tensors that one parameter's AdamW step reads and changes.
public struct AdamWSlot {
    /// The parameter.
    public var parameter: Tensor
    /// Its gradient, of any dtype; it is converted piece by piece, never as a whole.
    public var gradient: Tensor
    /// First moment, of the parameter's shape: its dtype's numbers, or uint8 codes with ``scales``.
    ///
    /// The codes are bitsandbytes' dynamic maps, signed here and unsigned for the second moment
    /// (8-bit Optimizers via Block-wise Quantization, arXiv 2110.02861); each number is held by the
    /// nearest code, as bitsandbytes does on the CPU. On a device the same codes are looked up in
    /// tables.
    public var first: Tensor
    /// Second moment, of the parameter's shape and the first moment's kind.
    public var second: Tensor
    /// A float32 scalar that counts this step already.
    public var steps: Tensor
    /// The value of ``steps`` where the caller knows it, so that codes on a device need not wait for it.
    public var count: Int?
    /// Float32 value that is updated in the parameter's place and then copied to it.
    public var master: Tensor?
    /// The lower half of the float32 value of a bfloat16 parameter; see ``SplitFloats``.
    public var remainder: Tensor?
    /// For moments in 8 bits, the largest magnitude of each block of ``momentBlock`` elements.
    public var scales: (first: Tensor, second: Tensor)?

    /// Elements of a block of moments in 8 bits.
    public static var momentBlock: Int { Int(MT_MOMENT_BLOCK) }

    /// Creates a slot.
    public init(
        parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, steps: Tensor,
        count: Int? = nil, master: Tensor? = nil, remainder: Tensor? = nil,
        scales: (first: Tensor, second: Tensor)? = nil
    ) {
        self.parameter = parameter
        self.gradient = gradient
        self.first = first
        self.second = second
        self.steps = steps
        self.count = count
        self.master = master
        self.remainder = remainder
        self.scales = scales
    }
}

/// One fused AdamW update of many parameters (libtorch's `_fused_adamw_`; a kernel of ours for
/// moments in 8 bits).
///
/// - Parameter began: becomes true where anything may have been changed, also when the update fails.
/// - Throws: `TensorError` when tensors of a slot do not fit together.
public func applyAdamW(
    _ slots: [AdamWSlot], constants: AdamWConstants, began: inout Bool
) throws(TensorError) {
    let options = mt_adamw_options(
        learning_rate: constants.learningRate, beta1: constants.beta1, beta2: constants.beta2,
        epsilon: constants.epsilon, weight_decay: constants.weightDecay)
    let lent = unsafe slots.map { slot in
        unsafe mt_adamw_slot(
            parameter: slot.parameter.handle, gradient: slot.gradient.handle,
            first: slot.first.handle, second: slot.second.handle, step: slot.steps.handle,
            count: Double(slot.count ?? 0), master_or_null: slot.master?.handle,
            remainder_or_null: slot.remainder?.handle,
            first_scales_or_null: slot.scales?.first.handle,
            second_scales_or_null: slot.scales?.second.handle)
    }
    var hasBegun = false
    let status = withExtendedLifetime(slots) {
        unsafe lent.withUnsafeBufferPointer {
            unsafe mt_adamw_step($0.baseAddress, $0.count, options, &hasBegun)
        }
    }
    began = began || hasBegun
    try check(status, "adamw", slots.map(\.parameter))
}

/// One fused AdamW update of many parameters.
///
/// - Throws: `TensorError` when tensors of a slot do not fit together.
public func applyAdamW(
    _ slots: [AdamWSlot], constants: AdamWConstants
) throws(TensorError) {
    var began = false
    try applyAdamW(slots, constants: constants, began: &began)
}

/// Float32 numbers held as the nearest bfloat16 and the lower half of their bits.
///
/// The bfloat16 half is what a model computes with; together they take four bytes where a copy in
/// float32 beside the bfloat16 number would take six. A number exactly between two of bfloat16
/// moves by one in its last place, because the halves would not show which way it was rounded.
public enum SplitFloats {
    /// The float32 numbers.
    ///
    /// - Parameters:
    ///   - rounded: dense, bfloat16, on the CPU.
    ///   - remainder: int16 of its shape.
    public static func joining(
        _ rounded: Tensor, remainder: Tensor
    ) throws(TensorError) -> Tensor {
        try produce("join halves", [rounded, remainder]) {
            unsafe mt_tensor_join_remainder(rounded.handle, remainder.handle, $0)
        }
    }

    /// Writes both halves of `values`.
    public static func split(
        _ values: Tensor, into rounded: Tensor, remainder: Tensor
    ) throws(TensorError) {
        let status = unsafe mt_tensor_split_remainder(
            values.handle, rounded.handle, remainder.handle)
        try check(status, "split into halves", [values, rounded, remainder])
    }
}
