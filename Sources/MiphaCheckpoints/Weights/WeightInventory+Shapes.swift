extension WeightInventory {
    /// The parts of a tensor.
    func split(
        _ whole: WeightItem, _ division: TensorDivision, _ names: [String]
    ) throws(CheckpointError) -> [WeightItem] {
        let size = try size(of: whole, along: division.axis)
        let total = division.parts.reduce(0) { $0 + $1.share }
        guard size % (division.groups * total) == 0 else {
            throw unfit(
                whole.name,
                "axis \(division.axis): expected a multiple of \(division.groups * total) "
                    + "(\(division.groups) groups of \(total)), found shape \(whole.shape)")
        }
        let unit = size / (division.groups * total)
        var before = 0
        var parts: [WeightItem] = []
        for (part, name) in zip(division.parts, names) {
            var shape = whole.shape
            shape[division.axis] = division.groups * part.share * unit
            let blocks = blocks(
                of: whole.declaration, division, unit: unit, total: total, before, part.share)
            parts.append(
                WeightItem(name, shape, of: whole.type, .part(of: whole.recipe, blocks)))
            before += part.share
        }
        return parts
    }

    /// The whole of parts.
    func fused(
        _ parts: [WeightItem], _ division: TensorDivision, _ name: String
    ) throws(CheckpointError) -> WeightItem {
        let (axis, groups) = (division.axis, division.groups)
        let size = try size(of: parts[0], along: axis)
        let share = division.parts[0].share
        guard size % (groups * share) == 0 else {
            throw unfit(
                parts[0].name,
                "axis \(axis): expected a multiple of \(groups * share) "
                    + "(\(groups) groups of \(share)), found shape \(parts[0].shape)")
        }
        let unit = size / (groups * share)
        let total = division.parts.reduce(0) { $0 + $1.share }
        for (part, described) in zip(parts, division.parts) {
            var shape = parts[0].shape
            shape[axis] = groups * described.share * unit
            guard part.shape == shape, part.type == parts[0].type else {
                throw unfit(
                    part.name,
                    "expected \(parts[0].type.rawValue) of shape \(shape), to be joined with "
                        + "\(parts[0].name), found \(part.type.rawValue) of shape \(part.shape)")
            }
        }
        var shape = parts[0].shape
        shape[axis] = groups * total * unit
        let whole = TensorDeclaration(name: name, scalarType: parts[0].type, shape: shape)
        guard let byteCount = whole.byteCount else {
            throw unfit(name, "expected a shape that has a size in bytes, found \(shape)")
        }
        var before = 0
        var joined: [(recipe: WeightRecipe, blocks: ByteBlocks)] = []
        for (part, described) in zip(parts, division.parts) {
            let blocks = blocks(
                of: whole, division, unit: unit, total: total, before, described.share)
            joined.append((part.recipe, blocks))
            before += described.share
        }
        return WeightItem(whole, .joined(joined, byteCount: byteCount))
    }

    /// The places of one part in the whole.
    ///
    /// - Parameters:
    ///   - unit: size along the axis of a share of one.
    ///   - before: shares of the parts before it.
    private func blocks(
        of whole: TensorDeclaration, _ division: TensorDivision, unit: Int, total: Int,
        _ before: Int, _ share: Int
    ) -> ByteBlocks {
        let outer = whole.shape[..<division.axis].reduce(1, *)
        let inner = whole.shape[(division.axis + 1)...].reduce(whole.scalarType.byteCount, *)
        return ByteBlocks(
            count: outer * division.groups, stride: total * unit * inner,
            start: before * unit * inner, length: share * unit * inner)
    }

    /// A tensor whose rows are sorted anew within each head.
    ///
    /// - Parameter pairs: rows and columns of a head's features as they are, of half its width.
    func rotated(
        _ item: WeightItem, heads: Int, _ pairs: (Int) -> (rows: Int, columns: Int)
    ) throws(CheckpointError) -> WeightItem {
        let size = try size(of: item, along: 0)
        guard size % (2 * heads) == 0 else {
            throw unfit(
                item.name,
                "expected rows for \(heads) heads of an even width, found shape \(item.shape)")
        }
        let (rows, columns) = pairs(size / (2 * heads))
        let itemBytes = item.shape.dropFirst().reduce(item.type.byteCount, *)
        return WeightItem(
            item.declaration,
            .swapped(
                item.recipe,
                AxisSwap(outer: heads, rows: rows, columns: columns, itemBytes: itemBytes)))
    }

    /// A matrix with its axes swapped.
    func transposed(_ item: WeightItem) throws(CheckpointError) -> WeightItem {
        guard item.shape.count == 2 else {
            throw unfit(item.name, "expected a matrix, found shape \(item.shape)")
        }
        let swap = AxisSwap(
            outer: 1, rows: item.shape[0], columns: item.shape[1], itemBytes: item.type.byteCount)
        return WeightItem(
            item.name, item.shape.reversed(), of: item.type, .swapped(item.recipe, swap))
    }

    /// A vector with a zero for each row of a tensor.
    func zeros(_ name: String, _ basis: WeightItem) throws(CheckpointError) -> WeightItem {
        let rows = try size(of: basis, along: 0)
        return WeightItem(
            name, [rows], of: basis.type, .zeros(byteCount: rows * basis.type.byteCount))
    }

    private func size(of item: WeightItem, along axis: Int) throws(CheckpointError) -> Int {
        guard axis < item.shape.count else {
            throw unfit(
                item.name,
                "expected at least \(axis + 1) axes, found \(item.shape.count), shape \(item.shape)"
            )
        }
        return item.shape[axis]
    }
}
