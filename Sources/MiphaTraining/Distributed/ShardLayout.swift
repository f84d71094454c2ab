package import MiphaNN
package import MiphaTorch

/// The division of parameters into equal shares.
///
/// The parameters that one segment of the model reads and that have one dtype form a unit: laid end
/// to end and padded, a unit is a flat vector that is cut into one shard per process. A parameter
/// that several segments read belongs to the first. Cuts lie at multiples of 16 elements of a
/// parameter: the vector code of an optimiser then takes the same elements together whoever runs
/// it, and rounds every weight in the same way. Parameters that do not learn form units of their
/// own, where they are shared out at all.
package struct ShardLayout: Sendable, Equatable {
    /// A parameter to be laid out.
    package struct Parameter: Sendable {
        package let name: String
        package let shape: [Int]
        package let dtype: DType
        /// Its place in the model.
        package let place: ParameterPlace

        package init(name: String, shape: [Int], dtype: DType, place: ParameterPlace) {
            self.name = name
            self.shape = shape
            self.dtype = dtype
            self.place = place
        }
    }

    /// A parameter's place in its unit.
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let shape: [Int]
        /// Its place in the model.
        package let place: ParameterPlace
        /// Elements before it.
        package let offset: Int
        package let count: Int
    }

    /// Parameters that travel together.
    package struct Unit: Sendable, Equatable {
        /// Number of the first segment that reads them; the number of segments when none does.
        package let segment: Int
        package let dtype: DType
        /// Whether its parameters learn.
        package let learns: Bool
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

    private static let alignment = 16

    private static func aligned(_ count: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }

    /// Lays parameters out.
    ///
    /// - Parameters:
    ///   - parameters: those that learn.
    ///   - frozen: those that do not learn, and are shared out all the same.
    ///   - segments: places of the parameters that each segment reads.
    package init(
        parameters: [Parameter], frozen: [Parameter] = [], segments: [Set<ParameterPlace>],
        shardCount: Int
    ) {
        struct Kind: Hashable {
            let segment: Int
            let learns: Bool
            let dtype: DType
        }
        var kinds: [Kind] = []
        var members: [Kind: [Parameter]] = [:]
        for (list, learns) in [(parameters, true), (frozen, false)] {
            for parameter in list {
                let first = segments.firstIndex { $0.contains(parameter.place) }
                let kind = Kind(
                    segment: first ?? segments.count, learns: learns, dtype: parameter.dtype)
                if members[kind] == nil { kinds.append(kind) }
                members[kind, default: []].append(parameter)
            }
        }
        let units = (0...segments.count).flatMap { segment in
            kinds.filter { $0.segment == segment }.map { kind in
                var (entries, offset): ([Entry], Int) = ([], 0)
                for parameter in members[kind] ?? [] {
                    let count = parameter.shape.reduce(1, *)
                    entries.append(
                        Entry(
                            name: parameter.name, shape: parameter.shape,
                            place: parameter.place, offset: offset, count: count))
                    offset = Self.aligned(offset + count)
                }
                return Unit(
                    segment: segment, dtype: kind.dtype, learns: kind.learns, entries: entries,
                    shardLength: Self.aligned((offset + shardCount - 1) / shardCount))
            }
        }
        self.units = units
        self.shardCount = shardCount
        unitsRead = segments.map { places in
            units.indices.filter { unit in
                units[unit].entries.contains { places.contains($0.place) }
            }
        }
    }

    /// The pieces of the parameters that learn in the shards of one number.
    package func pieces(of shard: Int) -> [Piece] {
        units.enumerated().filter(\.element.learns).flatMap { number, unit in
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
    /// Beside its lasting share a process holds what is in transit: a segment's weights and those
    /// of the next one (`zero3`), and of the unit that is shared out its flat float32 gradients,
    /// what the others sent of theirs, and the gradients of the one below it, or (`none`) the sums
    /// of all and a share of them.
    package func predictedBytes(_ mode: ShardingMode, worldSize: Int) -> Int {
        let weights = parameterBytes
        let learning = units.filter(\.learns).map { 4 * $0.shardLength * shardCount }
        let gradients = learning.reduce(0, +)
        let largest = learning.max() ?? 0
        switch mode {
        case .none: return weights + gradients + 3 * largest + largest / worldSize
        case .zero1: return weights + gradients + 2 * largest
        case .zero2: return weights + gradients / shardCount + 3 * largest
        case .zero3:
            let pair =
                zip(unitsRead, unitsRead.dropFirst()).map { first, second in
                    Set(first + second).reduce(0) { $0 + wholeBytes(units[$1]) }
                }.max() ?? 0
            return weights / shardCount + pair + gradients / shardCount + 3 * largest
        }
    }

    /// Bytes of all shards of a unit.
    func wholeBytes(_ unit: Unit) -> Int {
        unit.shardLength * shardCount * unit.dtype.byteCount
    }
}
