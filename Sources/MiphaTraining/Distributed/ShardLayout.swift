package import MiphaTorch

/// How parameters are cut into equal shares.
///
/// The parameters that one segment of the model reads and that have one dtype form a unit: laid end to
/// end and padded, a unit is a flat vector that is cut into one shard per process. A parameter that
/// several segments read belongs to the first.
package struct ShardLayout: Sendable, Equatable {
    /// A parameter's place in its unit.
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let shape: [Int]
        /// Elements before it.
        package let offset: Int
        package let count: Int
    }

    /// Parameters that travel together.
    package struct Unit: Sendable, Equatable {
        /// Number of the first segment that reads them; the number of segments when none does.
        package let segment: Int
        package let dtype: DType
        package let entries: [Entry]
        /// Elements of one shard.
        package let shardLength: Int
    }

    /// The part of a parameter that lies in one shard.
    package struct Piece: Sendable, Equatable {
        package let name: String
        /// Number of the unit.
        package let unit: Int
        /// Elements of the flat parameter.
        package let inParameter: Range<Int>
        /// Elements of the shard.
        package let inShard: Range<Int>
    }

    /// All units, by rising segment.
    package let units: [Unit]
    /// Number of shards of each unit.
    package let shardCount: Int
    /// Units that each segment reads.
    package let unitsRead: [[Int]]

    /// Lays parameters out.
    ///
    /// - Parameter segments: prefixes of the names of the parameters that each segment reads.
    package init(
        parameters: [(name: String, tensor: Tensor)], segments: [[String]], shardCount: Int
    ) {
        var members: [[(name: String, tensor: Tensor)]] = Array(
            repeating: [], count: segments.count + 1)
        for parameter in parameters {
            let first = segments.firstIndex { Self.reads($0, parameter.name) } ?? segments.count
            members[first].append(parameter)
        }
        var units: [Unit] = []
        for (segment, own) in members.enumerated() {
            var dtypes: [DType] = []
            for member in own where !dtypes.contains(member.tensor.dtype) {
                dtypes.append(member.tensor.dtype)
            }
            for dtype in dtypes {
                var (entries, offset): ([Entry], Int) = ([], 0)
                for (name, tensor) in own where tensor.dtype == dtype {
                    let count = tensor.elementCount
                    entries.append(
                        Entry(name: name, shape: tensor.shape, offset: offset, count: count))
                    offset += count
                }
                units.append(
                    Unit(
                        segment: segment, dtype: dtype, entries: entries,
                        shardLength: (offset + shardCount - 1) / shardCount))
            }
        }
        self.units = units
        self.shardCount = shardCount
        unitsRead = segments.map { prefixes in
            units.indices.filter { unit in
                units[unit].entries.contains { Self.reads(prefixes, $0.name) }
            }
        }
    }

    private static func reads(_ prefixes: [String], _ name: String) -> Bool {
        prefixes.contains { name.hasPrefix($0) }
    }

    /// The pieces of parameters in the shards of one number.
    package func pieces(of shard: Int) -> [Piece] {
        units.enumerated().flatMap { number, unit in
            let own = shard * unit.shardLength..<(shard + 1) * unit.shardLength
            return unit.entries.compactMap { entry -> Piece? in
                let common = own.clamped(to: entry.offset..<entry.offset + entry.count)
                guard !common.isEmpty else { return nil }
                return Piece(
                    name: entry.name, unit: number,
                    inParameter: common.lowerBound - entry.offset..<common.upperBound
                        - entry.offset,
                    inShard: common.lowerBound - own.lowerBound..<common.upperBound
                        - own.lowerBound)
            }
        }
    }

    /// Bytes of all parameters, padding included.
    package var parameterBytes: Int { units.reduce(0) { $0 + wholeBytes($1) } }

    /// Bytes of the weights and gradients that one process holds at most, without activations and
    /// the optimiser's state.
    ///
    /// Beside its lasting share a process holds the units in transit: two gathered ones with their
    /// weights (`zero3`), and up to three flat float32 gradients on their way.
    package func predictedBytes(_ mode: ShardingMode) -> Int {
        let weights = parameterBytes
        let gradients = units.reduce(0) { $0 + 4 * $1.shardLength * shardCount }
        let largest = units.map { 4 * $0.shardLength * shardCount }.max() ?? 0
        switch mode {
        case .none, .zero1: return weights + gradients + largest
        case .zero2: return weights + gradients / shardCount + 3 * largest
        case .zero3:
            let pair =
                zip(unitsRead, unitsRead.dropFirst()).map { first, second in
                    Set(first + second).reduce(0) { $0 + wholeBytes(units[$1]) }
                }.max() ?? 0
            return weights / shardCount + pair + gradients / shardCount + 3 * largest
        }
    }

    private func wholeBytes(_ unit: Unit) -> Int {
        unit.shardLength * shardCount * unit.dtype.byteCount
    }
}
