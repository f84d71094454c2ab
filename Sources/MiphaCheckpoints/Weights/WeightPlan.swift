import MiphaFiles

/// The tensors that a map makes of an inventory, before any element is read.
public struct WeightPlan: Sendable {
    private let items: [WeightItem]
    private let zeros: [WeightItem]

    init(
        _ tensors: [TensorDeclaration], _ steps: [WeightStep], map: String
    ) throws(CheckpointError) {
        var inventory = WeightInventory(map: map)
        for tensor in tensors {
            guard tensor.byteCount != nil else {
                throw CheckpointError(
                    .unfitTensor,
                    "weight map \(map): tensor \(tensor.name.quoted): expected a shape that has a "
                        + "size in bytes, found \(tensor.shape)")
            }
            inventory.items.append(WeightItem(tensor, .stored(tensor)))
        }
        try inventory.requireUniqueNames()
        for step in steps { try inventory.apply(step) }
        items = inventory.items
        zeros = inventory.omitted
    }

    /// Names, types and shapes, in the order of the tensors they are made of.
    public var outputs: [TensorDeclaration] { items.map(\.declaration) }

    /// The first tensor that is to be left out because it holds zeros, and holds something else.
    public func firstNonZero(_ source: some WeightSource) throws -> TensorDeclaration? {
        for item in zeros {
            var isZero = true
            try item.recipe.withBytes(source) {
                isZero = item.declaration.scalarType.areZeros($0)
            }
            if !isZero { return item.declaration }
        }
        return nil
    }

    /// Makes the tensors one at a time, in the order of ``outputs``.
    ///
    /// - Throws: `CheckpointError` when one that is left out does not hold zeros; what the source and
    ///   `body` throw.
    public func forEach(
        _ source: some WeightSource,
        _ body: (TensorDeclaration, RawSpan) throws -> Void
    ) throws {
        if let wrong = try firstNonZero(source) {
            throw CheckpointError(
                .unfitTensor,
                "tensor \(wrong.name.quoted): expected zeros, as there is no place for it, "
                    + "found other numbers")
        }
        for item in items {
            try item.recipe.withBytes(source) { try body(item.declaration, $0) }
        }
    }
}

extension ScalarType {
    /// Whether all elements are zero; floats may have either sign.
    fileprivate func areZeros(_ bytes: RawSpan) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            for index in buffer.indices {
                let isLast = index % byteCount == byteCount - 1
                let mask: UInt8 = isFloat && isLast ? 0x7f : 0xff
                if unsafe buffer[index] & mask != 0 { return false }
            }
            return true
        }
    }
}

/// A tensor with the way to its elements.
struct WeightItem: Sendable {
    let declaration: TensorDeclaration
    let recipe: WeightRecipe

    init(_ declaration: TensorDeclaration, _ recipe: WeightRecipe) {
        self.declaration = declaration
        self.recipe = recipe
    }

    init(_ name: String, _ shape: [Int], of type: ScalarType, _ recipe: WeightRecipe) {
        self.init(TensorDeclaration(name: name, scalarType: type, shape: shape), recipe)
    }

    var name: String { declaration.name }
    var shape: [Int] { declaration.shape }
    var type: ScalarType { declaration.scalarType }
    /// Size in bytes, which has been checked.
    var byteCount: Int { declaration.byteCount ?? 0 }
}
