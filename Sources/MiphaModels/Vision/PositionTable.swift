package import MiphaNN
package import MiphaTorch

/// The learned positions of a tower, one vector for each patch of a square grid.
public struct PositionTable: Sendable, Equatable {
    /// Name below the tower's root.
    package let name: String
    /// Rows before those of the patches, as of a class token.
    package let leading: Int
    /// Patches along a side of the grid.
    package let side: Int
    /// Width of a vector.
    package let width: Int
    /// Whether there is a dimension of one before the rows.
    package let isBatched: Bool
    /// Whether the tower interpolates the table in each pass where its images are of another size.
    package let interpolatesAlways: Bool
    /// How the positions of another grid are made.
    package let interpolation: PositionInterpolation

    package init(
        name: String, leading: Int = 0, side: Int, width: Int, isBatched: Bool = false,
        interpolatesAlways: Bool = false,
        interpolation: PositionInterpolation = PositionInterpolation()
    ) {
        self.name = name
        self.leading = leading
        self.side = side
        self.width = width
        self.isBatched = isBatched
        self.interpolatesAlways = interpolatesAlways
        self.interpolation = interpolation
    }

    /// The shape of the table.
    var shape: [Int] { (isBatched ? [1] : []) + [leading + side * side, width] }
}

/// The tables of positions that a model at another image size has in another shape than its files.
public struct PositionResizing: Sendable {
    private struct Change {
        let stored: PositionTable
        let side: Int
    }
    private var changes: [String: Change] = [:]

    /// Compares the towers of a model's files with those that are built.
    ///
    /// - Parameter first: the place in the model of the first of them.
    package init(
        from stored: any TowerConfiguration, to built: any TowerConfiguration, at first: Int = 0
    ) {
        for (number, (old, new)) in zip(stored.towers, built.towers).enumerated()
        where old.positions.side != new.positions.side {
            let place = TowerRoot.path(first + number, of: old)
            changes["\(place).\(old.positions.name)"] = Change(
                stored: old.positions, side: new.positions.side)
        }
    }

    /// The shape of a parameter in the files; `nil` where it is that of the model.
    func storedShape(of name: String) -> [Int]? { changes[name]?.stored.shape }

    /// A stored parameter as the model has it.
    ///
    /// It is interpolated in the type of `stored`, or in float32, as transformers does in the family.
    package func callAsFunction(
        _ stored: Tensor, _ name: String
    ) throws(TensorError) -> Tensor {
        guard let change = changes[name], stored.shape == change.stored.shape else { return stored }
        return try withoutGradients { () throws(TensorError) in
            try change.stored.interpolation(
                stored, leading: change.stored.leading, side: change.side)
        }
    }

    /// Whether nothing changes.
    var isEmpty: Bool { changes.isEmpty }
}

/// A source whose tables of positions are those of towers at another image size.
struct ResizedSource: ParameterSource {
    let base: any ParameterSource
    let resizing: PositionResizing

    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        guard let stored = resizing.storedShape(of: fact.name) else {
            return try base.parameter(fact, shape: shape, initializer: initializer)
        }
        return try base.parameter(fact, shape: stored, initializer: initializer)
            .map { try resizing($0, fact.name) }
    }

    func adapterParameter(_ name: String, shape: [Int]) throws -> Tensor? {
        try base.adapterParameter(name, shape: shape)
    }

    func checkCopy(_ copy: String, of name: String) throws {
        try base.checkCopy(copy, of: name)
    }

    func leftover(besides used: Set<String>) -> [String] { base.leftover(besides: used) }
}
