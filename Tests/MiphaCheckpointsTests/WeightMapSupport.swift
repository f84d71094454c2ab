import MiphaCheckpoints
import Testing

/// Tensors in memory.
struct StoredWeights: WeightSource, Equatable {
    /// What a map makes, or starts from.
    struct Tensor: Equatable {
        let declaration: TensorDeclaration
        let bytes: [UInt8]
    }

    var tensors: [Tensor] = []

    var declarations: [TensorDeclaration] { tensors.map(\.declaration) }

    subscript(name: String) -> Tensor? { tensors.first { $0.declaration.name == name } }

    mutating func add(
        _ name: String, _ type: ScalarType = .float32, _ shape: [Int], _ bytes: [UInt8]
    ) {
        tensors.append(
            Tensor(
                declaration: TensorDeclaration(name: name, scalarType: type, shape: shape),
                bytes: bytes))
    }

    /// Adds single bytes that count from a number on.
    mutating func count(_ name: String, _ shape: [Int], from start: Int = 0) {
        let bytes = (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: start + $0) }
        add(name, .uint8, shape, bytes)
    }

    func withBytes(of name: String, _ body: (RawSpan) throws -> Void) throws {
        let bytes = try #require(self[name], "\(name)").bytes
        try unsafe body(bytes.span.bytes)
    }

    /// What a plan makes of these.
    func made(by plan: WeightPlan) throws -> StoredWeights {
        var result = StoredWeights()
        try plan.forEach(self) { declaration, span in
            let bytes = unsafe span.withUnsafeBytes { unsafe Array($0) }
            result.tensors.append(Tensor(declaration: declaration, bytes: bytes))
        }
        #expect(result.declarations == plan.outputs)
        return result
    }

    func mapped(_ map: WeightMap) throws -> StoredWeights {
        try made(by: map.plan(declarations))
    }

    /// The tensors by name, in an order of their own.
    var sorted: [Tensor] { tensors.sorted { $0.declaration.name < $1.declaration.name } }
}
