public import MiphaTorch

/// All parameters of a model by name, in the order of construction.
///
/// Constructing a layer registers its parameters: there is no reflection and no second list.
public final class ParameterStore {
    private let source: any ParameterSource
    private var missing: [String] = []
    private var mismatched: [String] = []
    private var tensors: [String: Tensor] = [:]

    /// Names in the order of construction.
    public private(set) var names: [String] = []

    /// Creates an empty store that will draw from `source`.
    public init(source: any ParameterSource) {
        self.source = source
    }

    /// The place from which a model's constructor starts.
    public var root: ParameterScope { ParameterScope(store: self, prefix: "") }

    /// The parameter of a name.
    public subscript(name: String) -> Tensor? { tensors[name] }

    /// Every parameter with its name, in the order of construction.
    public var parameters: [(name: String, tensor: Tensor)] {
        names.compactMap { name in tensors[name].map { (name, $0) } }
    }

    /// Number of elements of all parameters.
    public var elementCount: Int { tensors.values.reduce(0) { $0 + $1.elementCount } }

    /// Number of bytes of all parameters.
    public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

    func register(_ name: String, shape: [Int], initializer: Initializer) throws -> Tensor {
        precondition(tensors[name] == nil, "parameter \(name) is registered twice")
        let tensor: Tensor
        do {
            if let found = try source.parameter(name, shape: shape, initializer: initializer) {
                tensor = found
            } else {
                missing.append(name)
                tensor = try .empty(shape, device: .meta)
            }
        } catch let error as ParameterError {
            mismatched.append(error.description)
            tensor = try .empty(shape, device: .meta)
        }
        tensors[name] = tensor
        names.append(name)
        return tensor
    }

    /// Ends construction.
    ///
    /// - Throws: `ParameterError` listing every name that the source lacks, holds in another shape,
    ///   or holds in vain.
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
    }

    /// Makes exactly the parameters chosen by `rule` collect gradients.
    ///
    /// - Returns: names of the trainable parameters, in the order of construction.
    /// - Throws: `ParameterError` when the rule chooses none.
    @discardableResult
    public func train(where rule: (String) -> Bool) throws -> [String] {
        var chosen: [String] = []
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

    /// The full name of this place.
    public var path: String { prefix }

    /// The scope of a part of this layer.
    public subscript(name: String) -> ParameterScope {
        ParameterScope(store: store, prefix: prefix.isEmpty ? name : "\(prefix).\(name)")
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
