import MiphaCheckpoints
import MiphaFiles
import Testing

/// Random maps over random tensors: the inverse gives back every byte.
struct WeightMapPropertyTests {
    /// Makes maps that fit what they are applied to.
    private struct MapMaker {
        var generator: SplitMix64
        private var names = 0

        init(seed: UInt64) { generator = SplitMix64(seed: seed) }

        mutating func number(_ range: ClosedRange<Int>) -> Int {
            Int.random(in: range, using: &generator)
        }

        mutating func pick<T>(_ list: [T]) -> T? { list.randomElement(using: &generator) }

        mutating func name() -> String {
            names += 1
            return "t.\(names).weight"
        }

        mutating func weights() -> StoredWeights {
            var weights = StoredWeights()
            for _ in 0..<number(1...6) {
                let type = pick(ScalarType.allCases) ?? .float32
                let shape = (0..<number(0...3)).map { _ in pick([0, 1, 2, 4, 6, 8, 12]) ?? 1 }
                let count = shape.reduce(1, *) * type.byteCount
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
                weights.add(name(), type, shape, bytes)
            }
            return weights
        }

        /// Shares that fit a size along an axis: groups and the shares of one to four parts.
        mutating func division(_ size: Int, axis: Int) -> TensorDivision {
            let groups = pick((1...max(1, size)).filter { size % $0 == 0 }) ?? 1
            let inner = size / groups
            let total = pick((1...max(1, inner)).filter { inner % $0 == 0 }) ?? 1
            var (shares, left) = ([Int](), total)
            while left > 0 {
                let share = shares.count == 3 ? left : number(1...left)
                shares.append(share)
                left -= share
            }
            return TensorDivision(
                shares.map { TensorPart(name(), share: $0) }, along: axis, groups: groups)
        }

        /// A rule for one of the tensors.
        mutating func rule(_ tensors: [TensorDeclaration]) -> WeightRule? {
            guard let tensor = pick(tensors) else { return nil }
            let (old, rank) = (tensor.name, tensor.shape.count)
            switch number(0...6) {
            case 0: return .rename(old, to: name())
            case 1 where rank == 2: return .transpose(old)
            case 2 where rank > 0 && tensor.shape[0] % 2 == 0:
                let half = tensor.shape[0] / 2
                let heads = pick((1...max(1, half)).filter { half % $0 == 0 }) ?? 1
                return number(0...1) == 0
                    ? .interleave(old, heads: heads) : .deinterleave(old, heads: heads)
            case 3, 4:
                guard rank > 0 else { return nil }
                let axis = number(0...rank - 1)
                return .split(old, division(tensor.shape[axis], axis: axis))
            case 5 where rank > 0: return .addZeros(name(), rowsOf: old)
            case 6: return fusion(tensor, tensors)
            default: return nil
            }
        }

        /// A rule that joins a tensor to one that fits it.
        private mutating func fusion(
            _ tensor: TensorDeclaration, _ tensors: [TensorDeclaration]
        ) -> WeightRule? {
            guard !tensor.shape.isEmpty else { return nil }
            let axis = number(0...tensor.shape.count - 1)
            let fitting = tensors.filter { other in
                guard other.name != tensor.name, other.scalarType == tensor.scalarType,
                    other.shape.count == tensor.shape.count, other.shape[axis] > 0
                else { return false }
                var shape = other.shape
                shape[axis] = tensor.shape[axis]
                return shape == tensor.shape
            }
            guard tensor.shape[axis] > 0, let other = pick(fitting) else { return nil }
            let sizes = [tensor.shape[axis], other.shape[axis]]
            let groups =
                pick(
                    (1...sizes[0]).filter { n in sizes.allSatisfy { $0 % n == 0 } }) ?? 1
            let parts = zip([tensor, other], sizes).map {
                TensorPart($0.name, share: $1 / groups)
            }
            return .fuse(TensorDivision(parts, along: axis, groups: groups), into: name())
        }
    }

    @Test(arguments: 0..<60)
    func `a map and its inverse give back names, types, shapes and bytes`(_ seed: Int) throws {
        var maker = MapMaker(seed: UInt64(seed))
        for _ in 0..<4 {
            let weights = maker.weights()
            var rules: [WeightRule] = []
            for _ in 0..<8 {
                let now = try WeightMap("m", rules).plan(weights.declarations)
                if let rule = maker.rule(now.outputs) { rules.append(rule) }
            }
            let map = try WeightMap("m", rules)
            let mapped = try weights.mapped(map)
            let again = try mapped.mapped(map.inverse)
            #expect(again.sorted == weights.sorted, "\(rules)")
            #expect(map.inverse.inverse.rules == rules)
            #expect(try again.mapped(map).sorted == mapped.sorted)
        }
    }

    @Test(arguments: 0..<20)
    func `the parts of a split hold the elements that indices say`(_ seed: Int) throws {
        var maker = MapMaker(seed: UInt64(1000 + seed))
        let (outer, inner) = (maker.number(1...3), maker.number(1...3))
        let (groups, unit) = (maker.number(1...3), maker.number(1...3))
        let shares = (0..<maker.number(1...4)).map { _ in maker.number(1...3) }
        let total = shares.reduce(0, +)
        var whole = StoredWeights()
        whole.count("w", [outer, groups * total * unit, inner])
        let bytes = whole.tensors[0].bytes
        let parts = shares.enumerated().map { TensorPart("p\($0)", share: $1) }
        let division = TensorDivision(parts, along: 1, groups: groups)
        let split = try whole.mapped(WeightMap("m", [.split("w", division)]))
        var before = 0
        for (number, share) in shares.enumerated() {
            var expected: [UInt8] = []
            for a in 0..<outer {
                for group in 0..<groups {
                    for row in 0..<share * unit {
                        let line = (group * total + before) * unit + row
                        let start = (a * groups * total * unit + line) * inner
                        expected += bytes[start..<start + inner]
                    }
                }
            }
            #expect(split["p\(number)"]?.bytes == expected)
            #expect(
                split["p\(number)"]?.declaration.shape == [outer, groups * share * unit, inner])
            before += share
        }
    }
}
