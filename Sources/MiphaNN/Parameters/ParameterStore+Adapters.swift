public import MiphaTorch

extension ParameterScope {
    /// Registers the matrix of a linear layer, dense or quantised as the store's plan says.
    func matrix(
        _ name: String, shape: [Int], initializer: Initializer, endsResidual: Bool
    ) throws -> LinearWeight {
        let fact = fact(name, .matrix, endsResidual: endsResidual)
        guard let plan = store.quantizationPlan, plan.covers(fact) else {
            return .dense(try store.register(fact, shape: shape, initializer: initializer))
        }
        let dense = try store.fetch(fact.name, shape: shape) {
            try store.source.parameter(fact, shape: shape, initializer: initializer)
        }
        let matrix = try QuantizedMatrix(dense, format: plan.format)
        store.keep(fact, matrix)
        return .quantized(matrix)
    }

    /// Registers the adapter of the linear layer at this place, if the store's plan has one.
    ///
    /// `A` starts evenly distributed within `1 / sqrt(in)`, which is PEFT's `kaiming_uniform_` with
    /// `a = sqrt(5)`; `B` starts at zero, and DoRA's lengths at those of the matrix's rows.
    func adapter(
        for weight: LinearWeight, from input: Int, to output: Int
    ) throws -> LowRankAdapter? {
        guard let (plan, strength) = try strength(isTable: false) else { return nil }
        let device = weight.device
        let down = try parameter(.down, [strength.rank, input], device) { shape in
            let bound = 1 / Double(input).squareRoot()
            return try .uniform(
                shape, in: -bound..<bound, generator: store.generator(seed: plan.seed))
        }
        let up = try parameter(.up, [output, strength.rank], device) { shape in
            try .zeros(shape)
        }
        let scale = plan.scale(strength)
        var magnitude: Tensor?
        if plan.usesMagnitudes {
            magnitude = try parameter(.magnitude, [output], device) { _ in
                try Functions.rowNorms(of: weight.dense(), up: up, down: down, scale: scale)
            }
        }
        let adapter = LowRankAdapter(
            down: down, up: up, magnitude: magnitude, strength: strength, scale: scale,
            dropout: plan.dropout, isOfTable: false)
        store.adapters[prefix] = adapter
        return adapter
    }

    /// Registers the adapter of the table at this place, if the store's plan has one.
    ///
    /// `A` starts at zero and `B` at N(0, 1), as in PEFT. A table has no dropout.
    ///
    /// - Throws: `ParameterError` for a table under DoRA.
    func adapter(forTable table: Tensor) throws -> LowRankAdapter? {
        guard let (plan, strength) = try strength(isTable: true) else { return nil }
        guard !plan.usesMagnitudes else {
            throw ParameterError(
                "adapter: \(prefix): expected a linear layer under DoRA, found the embedding table; "
                    + "take it out of the targets, or use LoRA without magnitudes")
        }
        let down = try parameter(
            .tableDown, [strength.rank, table.size(0)], table.device
        ) { shape in try .zeros(shape) }
        let up = try parameter(
            .tableUp, [table.size(1), strength.rank], table.device
        ) { shape in
            try .normal(shape, deviation: 1, generator: store.generator(seed: plan.seed))
        }
        let adapter = LowRankAdapter(
            down: down, up: up, magnitude: nil, strength: strength,
            scale: plan.scale(strength), dropout: 0, isOfTable: true)
        store.adapters[prefix] = adapter
        return adapter
    }

    /// Records the layer at this place, and decides whether it gets an adapter.
    private func strength(
        isTable: Bool
    ) throws(ParameterError) -> (AdapterPlan, AdapterPlan.Strength)? {
        let layer = AdaptableLayer(path: prefix, part: place.part, isTable: isTable)
        if store.layers.isEmpty { try store.adapterPlan?.check() }
        if isRun { store.layers.append(layer) }
        guard let plan = store.adapterPlan, isRun || plan.namesEveryLayer else { return nil }
        return plan.strength(at: layer).map { (plan, $0) }
    }

    /// Registers a parameter of an adapter, float32: the stored one or else a fresh one.
    private func parameter(
        _ part: AdapterPlan.Part, _ shape: [Int], _ device: Device,
        fresh: ([Int]) throws -> Tensor
    ) throws -> Tensor {
        let fact = fact(
            String(part.suffix.dropFirst()), part == .magnitude ? .magnitude : .matrix,
            adapter: part)
        let tensor = try store.fetch(fact.name, shape: shape) {
            guard device != .meta else { return try .empty(shape, device: .meta) }
            let stored = try store.source.adapterParameter(fact.name, shape: shape)
            return try (stored ?? fresh(shape)).to(dtype: .float32, device: device)
        }
        store.keep(fact, tensor)
        return tensor
    }
}

extension ParameterStore {
    /// Names of the adapters' parameters, in the order of construction.
    public var adapterNames: [String] { facts.filter { $0.adapter != nil }.map(\.name) }

    /// Whether a parameter is the matrix of a layer with an adapter, and what the sum of both is.
    ///
    /// - Returns: the merged matrix in the dtype of the base's; `nil` for any other parameter.
    public func merged(_ name: String) throws(TensorError) -> Tensor? {
        guard let fact = fact(name), fact.adapter == nil,
            fact.role == .matrix || fact.role == .embedding, let adapter = adapters[fact.layer],
            let weight = self[name]
        else { return nil }
        return try adapter.merged(into: weight)
    }

    func generator(seed: UInt64) throws(TensorError) -> RandomGenerator {
        if let adapterGenerator { return adapterGenerator }
        let made = try RandomGenerator(seed: seed)
        adapterGenerator = made
        return made
    }

    /// Checks the plan against the layers that were built.
    func checkAdapters() throws(ParameterError) {
        guard let plan = adapterPlan else { return }
        switch plan.targets {
        case .layers(let layers):
            let absent = layers.keys.filter { adapters[$0] == nil }.sorted()
            guard absent.isEmpty else {
                throw ParameterError(
                    "adapter: the model has no linear layer or table \(absent.joined(separator: ", "))"
                )
            }
        case .names(let names):
            let lone = names.filter { name in
                !adapters.keys.contains { $0 == name || $0.hasSuffix(".\(name)") }
            }
            guard lone.isEmpty else {
                throw ParameterError(
                    "adapter: no layer in \(list(plan)) is called \(lone.joined(separator: ", ")); "
                        + "there are \(leafNames(plan).joined(separator: ", "))")
            }
        case .allLinear:
            guard !adapters.isEmpty else {
                throw ParameterError("adapter: there is no linear layer in \(list(plan))")
            }
        }
    }

    private func list(_ plan: AdapterPlan) -> String {
        ModelPart.allCases.filter(plan.parts.contains).map(\.rawValue).joined(separator: ", ")
    }

    /// Last components of the paths in the plan's parts.
    private func leafNames(_ plan: AdapterPlan) -> [String] {
        let paths = layers.filter { plan.parts.contains($0.part) }.map(\.path)
        return Set(paths.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
    }
}
