/// How far a result may be from what it is compared with.
public struct Tolerance: Sendable {
    /// Allowed difference as a share of the largest expected magnitude of the whole tensor.
    public var relative: Float
    /// Allowed difference beside that.
    public var absolute: Float

    /// Creates a tolerance.
    public init(relative: Float, absolute: Float = 0) {
        self.relative = relative
        self.absolute = absolute
    }

    /// The largest allowed difference from values of a largest magnitude.
    public func limit(_ magnitude: Float) -> Float { relative * magnitude + absolute }
}

extension Tolerance {
    /// Number format a result was computed in.
    public enum Precision: String, Sendable {
        case float32
        case bfloat16
    }

    /// Kind of result.
    public enum Quantity: String, Sendable {
        /// One operation against its definition.
        case operation
        /// The gradient of one operation against its definition.
        case operationGradient
        /// A state or the logits of a model against another implementation.
        case activation
        /// A loss against another implementation.
        case loss
        /// A model's gradient against another implementation.
        case gradient
        /// The same state with and without a key-value cache, batch or mask.
        case sameModel
        /// Parameters after ten optimiser steps.
        case trained
        /// Parameters after ten optimiser steps whose true gradient is zero.
        case trainedOnNoise
        /// The loss before each of ten optimiser steps, and the gradient's norm.
        case trainingCurve
    }

    /// The one table of tolerances.
    ///
    /// In float32 two right implementations differ by up to 1e-6 in the forward pass and 4e-6 in
    /// gradients on the golden models (both against float64); in bfloat16 each is up to 0.021 away
    /// from float32. Biases of keys have a gradient of zero (softmax ignores a shift of all
    /// scores), which Adam blows up to the size of a step: they may move by the sum of the
    /// learning rates.
    public static func of(_ quantity: Quantity, _ precision: Precision = .float32) -> Tolerance {
        switch (quantity, precision) {
        case (.operation, .float32): Tolerance(relative: 2e-6)
        case (.operationGradient, .float32): Tolerance(relative: 1e-5)
        case (.activation, .float32): Tolerance(relative: 2e-5)
        case (.loss, .float32): Tolerance(relative: 2e-6)
        case (.gradient, .float32): Tolerance(relative: 2e-5)
        case (.sameModel, .float32): Tolerance(relative: 5e-6)
        case (.trained, .float32): Tolerance(relative: 0, absolute: 2e-5)
        case (.trainedOnNoise, .float32): Tolerance(relative: 0, absolute: 5e-3)
        case (.trainingCurve, .float32): Tolerance(relative: 1e-5)
        case (.operation, .bfloat16): Tolerance(relative: 8e-3)
        case (.loss, .bfloat16): Tolerance(relative: 8e-3)
        case (_, .bfloat16): Tolerance(relative: 3e-2)
        }
    }
}
