public import MiphaTorch

/// All parameters of a model by name, in the order of construction.
///
/// Constructing a layer registers its parameters: there is no reflection and no second list.
public final class ParameterStore {
    let source: any ParameterSource
    private var missing: [String] = []
    private var mismatched: [String] = []
    private var tensors: [String: Tensor] = [:]
    private var numbers: [String: Int] = [:]

    /// The facts about every parameter and quantised matrix, in the order of construction.
    public private(set) var facts: [ParameterFact] = []
    /// Names of copies that files may hold, with those of the parameters that they must equal.
    public private(set) var copies: [String: String] = [:]
    /// The linear layers that get an adapter.
    public let adapterPlan: AdapterPlan?
    /// The linear layers that are quantised.
    public let quantizationPlan: QuantizationPlan?
    /// The adapters by the paths of their layers.
    public internal(set) var adapters: [String: LowRankAdapter] = [:]
    /// The quantised matrices by their names; they are not parameters and are never trained.
    public internal(set) var quantized: [String: QuantizedMatrix] = [:]
    var adapterGenerator: RandomGenerator?
    /// The layers that may have an adapter, in the order of construction.
    public internal(set) var layers: [AdaptableLayer] = []

    /// Creates an empty store that will draw from `source`.
    ///
    /// - Parameters:
    ///   - adapters: which linear layers get an adapter.
    ///   - quantization: which linear layers keep their weights quantised.
    public init(
        source: any ParameterSource, adapters: AdapterPlan? = nil,
        quantization: QuantizationPlan? = nil
    ) {
        self.source = source
        adapterPlan = adapters
        quantizationPlan = quantization
    }

    /// The scope in which the constructor of a part of the model starts: outside all layers.
    public func scope(_ part: ModelPart) -> ParameterScope {
        ParameterScope(store: self, prefix: "", place: ParameterPlace(part))
    }

    /// Names in the order of construction, those of quantised matrices included.
    public var names: [String] { facts.map(\.name) }

    /// The fact about the parameter or quantised matrix of a name.
    public func fact(_ name: String) -> ParameterFact? { numbers[name].map { facts[$0] } }

    /// The facts about the parameters of these names, which must exist.
    public func facts(of names: [String]) -> [ParameterFact] {
        names.map { name in
            guard let fact = fact(name) else {
                preconditionFailure("there is no parameter \(name)")
            }
            return fact
        }
    }

    /// The place of each parameter and quantised matrix, by name.
    public var places: [String: ParameterPlace] {
        Dictionary(uniqueKeysWithValues: facts.map { ($0.name, $0.place) })
    }

    /// Places at which a parameter collects gradients.
    public var learningPlaces: Set<ParameterPlace> {
        Set(facts.filter { tensors[$0.name]?.requiresGradient == true }.map(\.place))
    }

    /// The parameter of a name.
    public subscript(name: String) -> Tensor? { tensors[name] }

    /// Every parameter with its name, in the order of construction; no quantised matrices.
    public var parameters: [(name: String, tensor: Tensor)] {
        facts.compactMap { fact in tensors[fact.name].map { (fact.name, $0) } }
    }

    /// Number of elements of a parameter or quantised matrix.
    public func elementCount(of name: String) -> Int {
        tensors[name]?.elementCount ?? quantized[name]?.elementCount ?? 0
    }

    /// Number of elements of all parameters and quantised matrices.
    public var elementCount: Int {
        tensors.values.reduce(0) { $0 + $1.elementCount }
            + quantized.values.reduce(0) { $0 + $1.elementCount }
    }

    /// Number of bytes of all parameters and quantised matrices.
    public var byteCount: Int {
        tensors.values.reduce(0) { $0 + $1.byteCount }
            + quantized.values.reduce(0) { $0 + $1.byteCount }
    }

    func register(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor {
        let tensor = try fetch(fact.name, shape: shape) {
            try source.parameter(fact, shape: shape, initializer: initializer)
        }
        keep(fact, tensor)
        return tensor
    }

    /// Stores a parameter under its name.
    func keep(_ fact: ParameterFact, _ tensor: Tensor) {
        remember(fact)
        tensors[fact.name] = tensor
    }

    /// Stores a quantised matrix under its name.
    func keep(_ fact: ParameterFact, _ matrix: QuantizedMatrix) {
        remember(fact)
        quantized[fact.name] = matrix
    }

    /// Checks a copy that the source may hold, and lets it pass in ``finish()``.
    func remember(copy: String, of name: String) {
        copies[copy] = name
        do {
            try source.checkCopy(copy, of: name)
        } catch {
            mismatched.append("\(error)")
        }
    }

    private func remember(_ fact: ParameterFact) {
        precondition(numbers[fact.name] == nil, "parameter \(fact.name) is registered twice")
        numbers[fact.name] = facts.count
        facts.append(fact)
    }

    /// The parameter that `find` returns; where it fails, one without elements, and a note for
    /// ``finish()``.
    func fetch(_ name: String, shape: [Int], _ find: () throws -> Tensor?) throws -> Tensor {
        do {
            if let found = try find() { return found }
            missing.append(name)
        } catch let error as ParameterError {
            mismatched.append(error.description)
        }
        return try .empty(shape, device: .meta)
    }

    /// Ends construction.
    ///
    /// - Throws: `ParameterError` listing every name that the source lacks, holds in another shape,
    ///   or holds in vain, and every target of the adapters that no layer has.
    public func finish() throws(ParameterError) {
        let unused = source.leftover(besides: Set(names).union(copies.keys))
        guard missing.isEmpty && mismatched.isEmpty && unused.isEmpty else {
            var parts: [String] = []
            if !missing.isEmpty { parts.append("missing: \(missing.joined(separator: ", "))") }
            parts += mismatched
            if !unused.isEmpty {
                parts.append("unexpected: \(unused.sorted().joined(separator: ", "))")
            }
            throw ParameterError(
                "the checkpoint does not fit its config; " + parts.joined(separator: "; "))
        }
        try checkAdapters()
    }

    /// Makes exactly the parameters chosen by `rule` collect gradients.
    ///
    /// - Returns: names of the trainable parameters, in the order of construction.
    /// - Throws: `ParameterError` when the rule chooses none, or a quantised matrix.
    @discardableResult
    public func train(where rule: (String) -> Bool) throws -> [String] {
        var chosen: [String] = []
        if let frozen = names.first(where: { quantized[$0] != nil && rule($0) }) {
            let format = quantized[frozen]?.format.rawValue
            throw ParameterError(
                "\(frozen) is quantised\(format.map { " (\($0))" } ?? "") and "
                    + "cannot be trained; train an adapter beside it, or do not quantise it")
        }
        for (name, tensor) in parameters {
            let trainable = rule(name)
            try tensor.setRequiresGradient(trainable)
            if trainable { chosen.append(name) }
        }
        guard !chosen.isEmpty else {
            throw ParameterError("no parameter is trainable under this plan")
        }
        return chosen
    }
}
