public import MiphaTorch

extension ParameterScope {
    /// Registers the matrix of a linear layer, dense or in few bits as the store's plan says.
    func matrix(
        _ name: String, shape: [Int], initializer: Initializer
    ) throws -> LinearWeight {
        let full = self[name].prefix
        guard let plan = store.quantizationPlan, plan.covers(prefix) else {
            return .dense(try store.register(full, shape: shape, initializer: initializer))
        }
        let dense = try store.fetch(full, shape: shape) {
            try store.source.parameter(full, shape: shape, initializer: initializer)
        }
        let matrix = try QuantizedMatrix(dense, format: plan.format)
        store.keep(full, matrix)
        return .quantized(matrix)
    }

    /// Registers the adapter of the linear layer at this place, if the store's plan has one.
    ///
    /// `A` starts evenly distributed within `1 / sqrt(in)`, which is PEFT's `kaiming_uniform_` with
    /// `a = sqrt(5)`; `B` starts at zero, and DoRA's lengths at those of the matrix's rows.
    func adapter(
        for weight: LinearWeight, from input: Int, to output: Int
    ) throws -> LowRankAdapter? {
        guard let plan = store.adapterPlan, isAdaptable || plan.namesEveryLayer else { return nil }
        if store.linearPaths.isEmpty { try plan.check() }
        if isAdaptable { store.linearPaths.append(prefix) }
        guard let strength = plan.strength(at: prefix) else { return nil }
        let place = weight.device
        let down = try parameter("lora_A.weight", [strength.rank, input], place) { shape in
            let bound = 1 / Double(input).squareRoot()
            return try .uniform(
                shape, in: -bound..<bound, generator: store.generator(seed: plan.seed))
        }
        let up = try parameter("lora_B.weight", [output, strength.rank], place) { shape in
            try .zeros(shape)
        }
        let scale = plan.scale(strength)
        var magnitude: Tensor?
        if plan.usesMagnitudes {
            magnitude = try parameter("lora_magnitude_vector", [output], place) { _ in
                try Functions.rowNorms(of: weight.dense(), up: up, down: down, scale: scale)
            }
        }
        let adapter = LowRankAdapter(
            down: down, up: up, magnitude: magnitude, scale: scale, dropout: plan.dropout,
            isOfTable: false)
        store.adapters[prefix] = adapter
        return adapter
    }

    /// Registers the adapter of the table at this place, if the store's plan has one.
    ///
    /// `A` starts at zero and `B` at N(0, 1), as in PEFT. A table has no dropout.
    ///
    /// - Throws: `ParameterError` for a table under DoRA.
    func adapter(forTable table: Tensor) throws -> LowRankAdapter? {
        guard let plan = store.adapterPlan else { return nil }
        store.tablePaths.append(prefix)
        guard let strength = plan.strength(at: prefix, isTable: true) else { return nil }
        guard !plan.usesMagnitudes else {
            throw ParameterError(
                "adapter: \(prefix): expected a linear layer under DoRA, found the embedding table; "
                    + "take it out of the targets, or use LoRA without magnitudes")
        }
        let down = try parameter(
            "lora_embedding_A", [strength.rank, table.size(0)], table.device
        ) { shape in try .zeros(shape) }
        let up = try parameter(
            "lora_embedding_B", [table.size(1), strength.rank], table.device
        ) { shape in
            try .normal(shape, deviation: 1, generator: store.generator(seed: plan.seed))
        }
        let adapter = LowRankAdapter(
            down: down, up: up, magnitude: nil, scale: plan.scale(strength), dropout: 0,
            isOfTable: true)
        store.adapters[prefix] = adapter
        return adapter
    }

    /// Registers a parameter of an adapter, float32: the stored one or else a fresh one.
    private func parameter(
        _ name: String, _ shape: [Int], _ device: Device, fresh: ([Int]) throws -> Tensor
    ) throws -> Tensor {
        let full = self[name].prefix
        let tensor = try store.fetch(full, shape: shape) {
            guard device != .meta else { return try .empty(shape, device: .meta) }
            let stored = try store.source.adapterParameter(full, shape: shape)
            return try (stored ?? fresh(shape)).to(dtype: .float32, device: device)
        }
        store.keep(full, tensor)
        return tensor
    }
}

extension ParameterStore {
    /// Names of the adapters' parameters, in the order of construction.
    public var adapterNames: [String] { names.filter(AdapterPlan.isAdapterParameter) }

    /// Whether a parameter is the matrix of a layer with an adapter, and what the sum of both is.
    ///
    /// - Returns: the merged matrix in the dtype of the base's; `nil` for any other parameter.
    public func merged(_ name: String) throws(TensorError) -> Tensor? {
        guard name.hasSuffix(".weight"), let adapter = adapters[String(name.dropLast(7))],
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
                    "adapter: no layer \(place(plan)) is called \(lone.joined(separator: ", ")); "
                        + "there are \(leafNames(plan).joined(separator: ", "))")
            }
        case .allLinear:
            guard !adapters.isEmpty else {
                throw ParameterError("adapter: there is no linear layer \(place(plan))")
            }
        }
    }

    private func place(_ plan: AdapterPlan) -> String {
        let within =
            plan.within.isEmpty ? "of the model" : "within \(plan.within.joined(separator: ", "))"
        let besides = plan.excluding.joined(separator: ", ")
        return besides.isEmpty ? within : "\(within), besides \(besides),"
    }

    /// Last components of the paths in the plan's parts.
    private func leafNames(_ plan: AdapterPlan) -> [String] {
        let paths = (linearPaths + tablePaths).filter(plan.considers)
        return Set(paths.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
    }
}
