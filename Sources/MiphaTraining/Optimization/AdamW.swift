public import MiphaTorch

/// AdamW with float32 moments and, for parameters of lower precision, float32 master weights.
///
/// Parameters without a gradient are left alone, without decay, as in PyTorch.
public final class AdamW {
    /// The constants of the update other than the learning rate.
    public struct Options: Sendable, Equatable {
        /// Decay of the first moment.
        public var beta1: Double
        /// Decay of the second moment.
        public var beta2: Double
        /// Added to the square root of the second moment.
        public var epsilon: Double
        /// Decoupled weight decay.
        public var weightDecay: Double

        /// Creates options; the defaults are those of Mipha's `train.py`.
        public init(
            beta1: Double = 0.9, beta2: Double = 0.98, epsilon: Double = 1e-7,
            weightDecay: Double = 0
        ) {
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.weightDecay = weightDecay
        }
    }

    /// What the parameters of a group have in common.
    public struct Group: Sendable, Hashable {
        /// Highest learning rate, to be multiplied by the schedule's factor.
        public var learningRate: Double
        /// Decoupled weight decay.
        public var weightDecay: Double

        /// Creates a group.
        public init(learningRate: Double, weightDecay: Double) {
            self.learningRate = learningRate
            self.weightDecay = weightDecay
        }
    }

    private struct Slot {
        let name: String
        let parameter: Tensor
        let master: Tensor?
        let first: Tensor
        let second: Tensor
        let steps: Tensor
        let group: Group

        var target: Tensor { master ?? parameter }
    }

    private let slots: [Slot]
    private let options: Options
    /// Float32 sums of gradients of lower precision, by parameter.
    private var sums: [String: Tensor] = [:]

    /// Creates the optimiser's state for the given parameters.
    ///
    /// - Parameters:
    ///   - groups: the group of a parameter; by default all are in one with the weight decay of
    ///     `options`, whose rate is given at each step.
    ///   - masters: float32 values of parameters of lower precision, where they are known better
    ///     than the parameter holds them.
    public init(
        parameters: [(name: String, tensor: Tensor)], options: Options = Options(),
        groups: ((String) -> Group)? = nil,
        masters: (String) throws -> Tensor? = { _ in nil }
    ) throws {
        self.options = options
        slots = try parameters.map { name, tensor in
            let shape = tensor.shape
            let device = tensor.device
            return Slot(
                name: name, parameter: tensor,
                master: tensor.dtype == .float32
                    ? nil : try masters(name) ?? tensor.detached().to(dtype: .float32),
                first: try .zeros(shape, device: device),
                second: try .zeros(shape, device: device),
                steps: try .zeros([], device: device),
                group: groups?(name)
                    ?? Group(learningRate: 1, weightDecay: options.weightDecay))
        }
    }

    /// The gradients that are there, those that were collected in float32 included.
    public func gradients() throws -> [Tensor] {
        try slots.compactMap(gradient)
    }

    private func gradient(_ slot: Slot) throws -> Tensor? {
        try sums[slot.name] ?? slot.parameter.gradient()
    }

    /// Moves gradients of parameters of lower precision into float32 sums.
    ///
    /// To be called after every micro-batch but where an update has only one: the sum of several
    /// gradients in bfloat16 would lose what the small ones say. Gradients in float32 stay, since the
    /// engine adds to them in place.
    public func collectGradients() throws {
        for slot in slots where slot.master != nil {
            guard let gradient = try slot.parameter.gradient() else { continue }
            if let sum = sums[slot.name] {
                try sum.accumulate(gradient)
            } else {
                sums[slot.name] = try gradient.to(dtype: .float32)
            }
            try slot.parameter.setGradient(nil)
        }
    }

    /// The float32 value of every parameter: the master where there is one.
    public var weights: [(name: String, tensor: Tensor)] { slots.map { ($0.name, $0.target) } }

    /// Updates all parameters that have a gradient, then drops the gradients.
    ///
    /// With `names` an update can be made in parts, for instance for each segment during the backward
    /// pass as soon as its gradients are complete, so that gradients of the whole model are never in
    /// memory together. That is right only without clipping and with one micro-batch an update.
    ///
    /// - Parameters:
    ///   - learningRate: multiplied by the rate of each group; the step's rate when no groups were
    ///     given.
    ///   - names: the parameters to update; `nil` stands for all.
    public func step(learningRate: Double, of names: Set<String>? = nil) throws {
        let slots = names.map { names in self.slots.filter { names.contains($0.name) } } ?? slots
        var groups: [Group] = []
        for slot in slots where !groups.contains(slot.group) { groups.append(slot.group) }
        for group in groups {
            var chosen: [Slot] = []
            var gradients: [Tensor] = []
            for slot in slots where slot.group == group {
                guard let gradient = try gradient(slot) else { continue }
                try slot.steps.assign(slot.steps + 1)
                chosen.append(slot)
                gradients.append(gradient)
            }
            guard !chosen.isEmpty else { continue }
            try withoutGradients { () throws(TensorError) in
                try applyAdamW(
                    to: chosen.map(\.target), gradients: gradients, first: chosen.map(\.first),
                    second: chosen.map(\.second), steps: chosen.map(\.steps),
                    copies: chosen.map { $0.master == nil ? nil : $0.parameter },
                    constants: AdamWConstants(
                        learningRate: group.learningRate * learningRate, beta1: options.beta1,
                        beta2: options.beta2, epsilon: options.epsilon,
                        weightDecay: group.weightDecay))
            }
        }
        try drop(slots)
    }

    /// Drops all gradients.
    public func dropGradients() throws { try drop(slots) }

    private func drop(_ slots: [Slot]) throws {
        for slot in slots {
            try slot.parameter.setGradient(nil)
            sums[slot.name] = nil
        }
    }

    /// The whole state by name: moments, step counts and master weights.
    public var state: [(name: String, tensor: Tensor)] {
        slots.flatMap { slot in
            var parts = [
                ("exp_avg.\(slot.name)", slot.first), ("exp_avg_sq.\(slot.name)", slot.second),
                ("step.\(slot.name)", slot.steps),
            ]
            if let master = slot.master { parts.append(("master.\(slot.name)", master)) }
            return parts
        }
    }

    /// Continues from a saved state.
    ///
    /// - Parameter find: the saved tensor of a name; it throws when there is none.
    public func restore(_ find: (String) throws -> Tensor) throws {
        for (name, tensor) in state { try tensor.assign(find(name)) }
    }
}
