public import MiphaTorch

/// A cursor into a parameter store: a name prefix under which a layer registers its parameters, and
/// what the parameters there have in common.
public struct ParameterScope {
    let store: ParameterStore
    private(set) var prefix: String
    /// The place of a parameter that is registered here.
    public private(set) var place: ParameterPlace
    private(set) var isRun = true
    /// Number that the block 0 here has in its part.
    private var firstBlock = 0

    init(store: ParameterStore, prefix: String, place: ParameterPlace) {
        self.store = store
        self.prefix = prefix
        self.place = place
    }

    /// The full name of this place.
    public var path: String { prefix }
    /// The part of the model.
    public var part: ModelPart { place.part }

    /// The same place in another part of the model.
    public func part(_ part: ModelPart) -> ParameterScope { moved(to: ParameterPlace(part)) }

    /// The scope of a numbered block of the part.
    public func block(_ index: Int) -> ParameterScope {
        self[index].moved(to: ParameterPlace(place.part, .block(firstBlock + index)))
    }

    /// The same place, whose blocks begin at another depth of the part; names do not change.
    ///
    /// For layers that run beside deeper ones of the same part, so that what runs together has one place.
    public func blocks(from first: Int) -> ParameterScope {
        var scope = self
        scope.firstBlock = first
        return scope
    }

    /// The same place, after the blocks of the part.
    public var output: ParameterScope { moved(to: ParameterPlace(place.part, .output)) }

    /// The same place for layers that are held for checkpoints but never run; they get no adapter.
    public var unused: ParameterScope {
        var scope = self
        scope.isRun = false
        return scope
    }

    /// The scope of a part of this layer.
    public subscript(name: String) -> ParameterScope {
        var scope = self
        scope.prefix = prefix.isEmpty ? name : "\(prefix).\(name)"
        return scope
    }

    /// The scope of a numbered part of this layer.
    public subscript(index: Int) -> ParameterScope { self["\(index)"] }

    private func moved(to place: ParameterPlace) -> ParameterScope {
        var scope = self
        scope.place = place
        return scope
    }

    /// Registers a parameter.
    ///
    /// - Parameters:
    ///   - role: what it is to the layer.
    ///   - endsResidual: whether the layer's output is added to the input of its block.
    /// - Throws: `ParameterError` when the source holds it in another shape.
    public func parameter(
        _ name: String, _ role: ParameterRole, shape: [Int], initializer: Initializer,
        endsResidual: Bool = false
    ) throws -> Tensor {
        try store.register(
            fact(name, role, endsResidual: endsResidual), shape: shape, initializer: initializer)
    }

    /// States that files may hold, under a name at this place, a copy of a parameter at another: it is
    /// not one of the model's, and must equal it where it is there.
    public func copy(_ name: String, of original: ParameterScope) {
        store.remember(copy: self[name].prefix, of: original[name].prefix)
    }

    /// The fact about a parameter of the layer at this place.
    func fact(
        _ name: String, _ role: ParameterRole, endsResidual: Bool = false,
        adapter: AdapterPlan.Part? = nil
    ) -> ParameterFact {
        ParameterFact(
            name: self[name].prefix, layer: prefix, place: place, role: role,
            endsResidual: endsResidual, isRun: isRun, adapter: adapter)
    }
}
