public import MiphaTorch

/// All parameters of a model by name, in the order of construction.
///
/// Constructing a layer registers its parameters: there is no reflection and no second list.
public final class ParameterStore {
    let source: any ParameterSource
    private var missing: [String] = []
    private var mismatched: [String] = []
    private var tensors: [String: Tensor] = [:]

    /// Names in the order of construction, those of quantised matrices included.
    public private(set) var names: [String] = []
    /// Which linear layers get an adapter.
    public let adapterPlan: AdapterPlan?
    /// Which linear layers are held in few bits.
    public let quantizationPlan: QuantizationPlan?
    /// The adapters by the paths of their layers.
    public internal(set) var adapters: [String: LowRankAdapter] = [:]
    /// The matrices held in few bits by their names; they are no parameters and never learn.
    public internal(set) var quantized: [String: QuantizedMatrix] = [:]
    var adapterGenerator: RandomGenerator?
    /// Paths of the linear layers that are run, in the order of construction.
    package internal(set) var linearPaths: [String] = []
    /// Paths of the tables that may have an adapter.
    package internal(set) var tablePaths: [String] = []

    /// Creates an empty store that will draw from `source`.
    ///
    /// - Parameters:
    ///   - adapters: which linear layers get an adapter.
    ///   - quantization: which linear layers hold their matrix in few bits.
    public init(
        source: any ParameterSource, adapters: AdapterPlan? = nil,
        quantization: QuantizationPlan? = nil
    ) {
        self.source = source
        adapterPlan = adapters
        quantizationPlan = quantization
    }

    /// The place from which a model's constructor starts.
    public var root: ParameterScope { ParameterScope(store: self, prefix: "") }

    /// The parameter of a name.
    public subscript(name: String) -> Tensor? { tensors[name] }

    /// Every parameter with its name, in the order of construction; no quantised matrices.
    public var parameters: [(name: String, tensor: Tensor)] {
        names.compactMap { name in tensors[name].map { (name, $0) } }
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

    func register(_ name: String, shape: [Int], initializer: Initializer) throws -> Tensor {
        let tensor = try fetch(name, shape: shape) {
            try source.parameter(name, shape: shape, initializer: initializer)
        }
        keep(name, tensor)
        return tensor
    }

    /// Stores a parameter under its name.
    func keep(_ name: String, _ tensor: Tensor) {
        precondition(tensors[name] == nil, "parameter \(name) is registered twice")
        tensors[name] = tensor
        names.append(name)
    }

    /// Stores a matrix in few bits under its name.
    func keep(_ name: String, _ matrix: QuantizedMatrix) {
        precondition(quantized[name] == nil, "parameter \(name) is registered twice")
        quantized[name] = matrix
        names.append(name)
    }

    /// What `find` finds; a parameter without elements, and a note for `finish`, when it fails.
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
        let unused = source.leftover(besides: Set(names))
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
    /// - Throws: `ParameterError` when the rule chooses none, or a matrix held in few bits.
    @discardableResult
    public func train(where rule: (String) -> Bool) throws -> [String] {
        var chosen: [String] = []
        if let frozen = names.first(where: { quantized[$0] != nil && rule($0) }) {
            throw ParameterError(
                "\(frozen) is held in \(quantized[frozen]?.format.rawValue ?? "few bits") and "
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

/// A cursor into a parameter store: a name prefix under which a layer registers its parameters.
public struct ParameterScope {
    let store: ParameterStore
    let prefix: String
    var isAdaptable = true

    /// The full name of this place.
    public var path: String { prefix }

    /// The same place, in which no layer gets an adapter: parts that are held but never run.
    public var withoutAdapters: ParameterScope {
        var scope = self
        scope.isAdaptable = false
        return scope
    }

    /// The scope of a part of this layer.
    public subscript(name: String) -> ParameterScope {
        ParameterScope(
            store: store, prefix: prefix.isEmpty ? name : "\(prefix).\(name)",
            isAdaptable: isAdaptable)
    }

    /// The scope of a numbered part of this layer.
    public subscript(index: Int) -> ParameterScope { self["\(index)"] }

    /// Registers a parameter.
    ///
    /// - Throws: `ParameterError` when the source holds it in another shape.
    public func parameter(
        _ name: String, shape: [Int], initializer: Initializer
    ) throws -> Tensor {
        try store.register(self[name].prefix, shape: shape, initializer: initializer)
    }
}
