import MiphaCheckpoints
public import MiphaTorch

/// AdamW with float32 master weights for parameters of lower precision.
///
/// ``MomentFormat`` says how moments are held. The master of a bfloat16 parameter on the CPU is the
/// parameter and a remainder of 16 bits (see `SplitFloats`), unless whole masters are asked for; on
/// other devices masters are whole. The state is where the parameters are.
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

    /// The settings that the parameters of a group share.
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

    /// The place of the float32 value of a parameter.
    private enum Master {
        case parameter
        case whole(Tensor)
        case remainder(Tensor)
    }

    private struct Slot {
        let name: String
        let parameter: Tensor
        let master: Master
        let first: Tensor
        let second: Tensor
        let scales: (first: Tensor, second: Tensor)?
        let steps: Tensor
        let group: Group

        /// Whether the host counts the steps too, so that it need not wait for the number.
        var isCounted: Bool { scales != nil && steps.device.isAccelerator }

        func step(_ gradient: Tensor, count: Int?) -> AdamWSlot {
            var slot = AdamWSlot(
                parameter: parameter, gradient: gradient, first: first, second: second,
                steps: steps, count: count, scales: scales)
            switch master {
            case .parameter: break
            case .whole(let tensor): slot.master = tensor
            case .remainder(let tensor): slot.remainder = tensor
            }
            return slot
        }
    }

    private let slots: [Slot]
    private let options: Options
    /// Float32 sums of gradients of lower precision, by parameter.
    private var sums: [String: Tensor] = [:]
    /// Steps of the parameters whose moments are codes on a device.
    private var counts: [String: Int] = [:]
    /// Whether the last step, should it have failed, may have changed anything.
    public private(set) var hasBegunStep = false

    /// Creates the optimiser's state for the given parameters.
    ///
    /// - Parameters:
    ///   - groups: the group of a parameter; by default all are in one with the weight decay of
    ///     `options`, whose rate is given at each step.
    ///   - masters: float32 values of parameters of lower precision, where they are known better
    ///     than the parameter holds them; the parameter takes the nearest value.
    ///   - moments: how moments are held.
    ///   - wholeMasters: keeps masters as float32 tensors, for who reads ``weights`` at every
    ///     update.
    public init(
        parameters: [(name: String, tensor: Tensor)], options: Options = Options(),
        groups: ((String) -> Group)? = nil, moments: MomentFormat = .float32,
        wholeMasters: Bool = false,
        masters: (String) throws -> Tensor? = { _ in nil }
    ) throws {
        self.options = options
        slots = try parameters.map { name, tensor in
            let shape = tensor.shape
            let device = tensor.device
            let isCoded = moments.isCoded(tensor.elementCount)
            let blocks = MomentFormat.blockCount(tensor.elementCount)
            return Slot(
                name: name, parameter: tensor,
                master: try Self.master(
                    of: tensor, wholeMasters || device.isAccelerator, try masters(name)),
                first: try .zeros(shape, dtype: isCoded ? .uint8 : .float32, device: device),
                second: try .zeros(shape, dtype: isCoded ? .uint8 : .float32, device: device),
                scales: isCoded
                    ? (try .zeros([blocks], device: device), try .zeros([blocks], device: device))
                    : nil,
                steps: try .zeros([], device: device),
                group: groups?(name)
                    ?? Group(learningRate: 1, weightDecay: options.weightDecay))
        }
    }

    private static func master(
        of parameter: Tensor, _ isWhole: Bool, _ better: Tensor?
    ) throws -> Master {
        if parameter.dtype == .float32 { return .parameter }
        if isWhole || parameter.dtype != .bfloat16 {
            return .whole(
                try better?.to(device: parameter.device)
                    ?? parameter.detached().to(dtype: .float32))
        }
        let remainder = try Tensor.zeros(
            parameter.shape, dtype: .int16, device: parameter.device)
        if let better {
            try SplitFloats.split(better, into: parameter, remainder: remainder)
        }
        return .remainder(remainder)
    }

    /// The gradients that are there, those that were collected in float32 included.
    ///
    /// - Parameter names: the parameters asked for; `nil` stands for all.
    public func gradients(of names: Set<String>? = nil) throws -> [Tensor] {
        try slots(names).compactMap(gradient)
    }

    private func slots(_ names: Set<String>?) -> [Slot] {
        names.map { names in slots.filter { names.contains($0.name) } } ?? slots
    }

    private func gradient(_ slot: Slot) throws -> Tensor? {
        try sums[slot.name] ?? slot.parameter.gradient()
    }

    /// Moves gradients of parameters of lower precision into float32 sums.
    ///
    /// To be called after every micro-batch but where an update has only one: the sum of several
    /// gradients in bfloat16 would lose what the small ones say. Gradients in float32 stay, since
    /// the engine adds to them in place.
    public func collectGradients() throws {
        for slot in slots where slot.parameter.dtype != .float32 {
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
    ///
    /// Masters that are held in halves are put together for the call.
    public func weights() throws -> [(name: String, tensor: Tensor)] {
        try slots.map { slot in
            switch slot.master {
            case .parameter: (slot.name, slot.parameter)
            case .whole(let tensor): (slot.name, tensor)
            case .remainder(let tensor):
                (slot.name, try SplitFloats.joining(slot.parameter, remainder: tensor))
            }
        }
    }

    /// Updates all parameters that have a gradient, then drops the gradients.
    ///
    /// With `names` an update can be made in parts, for instance for each segment during the
    /// backward pass as soon as its gradients are complete, so that gradients of the whole model
    /// are never in memory together. That is right only without clipping and with one micro-batch
    /// an update.
    ///
    /// - Parameters:
    ///   - learningRate: multiplied by the rate of each group; the step's rate when no groups were
    ///     given.
    ///   - names: the parameters to update; `nil` stands for all.
    public func step(learningRate: Double, of names: Set<String>? = nil) throws {
        let slots = slots(names)
        var groups: [Group] = []
        for slot in slots where !groups.contains(slot.group) { groups.append(slot.group) }
        hasBegunStep = false
        for group in groups {
            var chosen: [AdamWSlot] = []
            for slot in slots where slot.group == group {
                guard let gradient = try gradient(slot) else { continue }
                chosen.append(
                    slot.step(
                        gradient, count: slot.isCounted ? counts[slot.name, default: 0] + 1 : nil))
            }
            guard !chosen.isEmpty else { continue }
            try update(
                chosen,
                AdamWConstants(
                    learningRate: group.learningRate * learningRate, beta1: options.beta1,
                    beta2: options.beta2, epsilon: options.epsilon,
                    weightDecay: group.weightDecay))
            for slot in slots where slot.group == group && slot.isCounted {
                if try gradient(slot) != nil { counts[slot.name, default: 0] += 1 }
            }
        }
        try drop(slots)
    }

    /// Updates parameters of one group; where that fails before anything is changed, their state is as
    /// it was.
    private func update(_ chosen: [AdamWSlot], _ constants: AdamWConstants) throws {
        try Tensors.add(1, to: chosen.map(\.steps))
        do {
            try withoutGradients { () throws(TensorError) in
                try applyAdamW(chosen, constants: constants, began: &hasBegunStep)
            }
        } catch {
            if !hasBegunStep { try Tensors.add(-1, to: chosen.map(\.steps)) }
            throw error
        }
    }

    /// Drops all gradients.
    public func dropGradients() throws { try drop(slots) }

    private func drop(_ slots: [Slot]) throws {
        for slot in slots {
            try slot.parameter.setGradient(nil)
            sums[slot.name] = nil
        }
    }

    /// The whole state by name: moments, step counts, master weights or their remainders.
    public var state: [(name: String, tensor: Tensor)] {
        slots.flatMap { slot in
            var parts = [
                ("exp_avg.\(slot.name)", slot.first), ("exp_avg_sq.\(slot.name)", slot.second),
                ("step.\(slot.name)", slot.steps),
            ]
            if let scales = slot.scales {
                parts.append(("exp_avg_scale.\(slot.name)", scales.first))
                parts.append(("exp_avg_sq_scale.\(slot.name)", scales.second))
            }
            switch slot.master {
            case .parameter: break
            case .whole(let tensor): parts.append(("master.\(slot.name)", tensor))
            case .remainder(let tensor): parts.append(("remainder.\(slot.name)", tensor))
            }
            return parts
        }
    }

    /// Continues from a saved state, whose masters may be whole or remainders.
    ///
    /// The parameters hold the saved weights already.
    ///
    /// - Parameter find: the saved tensor of a name; it throws when there is none.
    /// - Throws: `CheckpointError` when moments were saved in another format; what `find` throws.
    public func restore(_ find: (String) throws -> Tensor) throws {
        for slot in slots {
            try Self.restore(slot.first, "exp_avg.\(slot.name)", find)
            try Self.restore(slot.second, "exp_avg_sq.\(slot.name)", find)
            let steps = try find("step.\(slot.name)")
            try slot.steps.assign(steps)
            if slot.isCounted { counts[slot.name] = Int(try steps.item()) }
            if let scales = slot.scales {
                try scales.first.assign(find("exp_avg_scale.\(slot.name)"))
                try scales.second.assign(find("exp_avg_sq_scale.\(slot.name)"))
            }
            switch slot.master {
            case .parameter: break
            case .whole(let tensor):
                try tensor.assign(
                    Self.either(
                        { try find("master.\(slot.name)") },
                        {
                            // Halves are put together on the CPU, where they were made.
                            try SplitFloats.joining(
                                slot.parameter.detached().to(device: .cpu),
                                remainder: find("remainder.\(slot.name)"))
                        }))
            case .remainder(let tensor):
                try Self.either(
                    { try tensor.assign(find("remainder.\(slot.name)")) },
                    {
                        try SplitFloats.split(
                            find("master.\(slot.name)"), into: slot.parameter, remainder: tensor)
                    })
            }
        }
    }

    /// Takes saved moments, never as numbers where they are codes or the other way round.
    private static func restore(
        _ moments: Tensor, _ name: String, _ find: (String) throws -> Tensor
    ) throws {
        let saved = try find(name)
        guard saved.dtype == moments.dtype else {
            throw CheckpointError(
                .invalidConfig,
                "\(name): expected moments in \(moments.dtype), found \(saved.dtype); the state "
                    + "was saved with another value of optim")
        }
        try moments.assign(saved)
    }

    /// The first, or the second where a checkpoint lacks what the first needs.
    private static func either<Result>(
        _ first: () throws -> Result, _ second: () throws -> Result
    ) throws -> Result {
        do {
            return try first()
        } catch let missing as CheckpointError where missing.code == .missing {
            do {
                return try second()
            } catch let error as CheckpointError where error.code == .missing {
                throw missing
            }
        }
    }
}
