import MiphaCheckpoints
import Testing

/// What each rule of a weight map does, and what it refuses.
struct WeightMapTests {
    private static let headed = TensorDivision(
        ["q", "k", "v"].map { TensorPart("l.{}.\($0).{*}") }, groups: 2)

    private func map(_ rules: WeightRule...) throws -> WeightMap { try WeightMap("m", rules) }

    // MARK: What rules do

    @Test func `projections that stand head by head are split and fused`() throws {
        var fused = StoredWeights()
        fused.count("l.0.qkv.weight", [12, 2])  // 2 heads of q, k, v of width 2
        fused.count("l.0.qkv.bias", [12], from: 100)
        fused.count("l.11.qkv.bias", [6])
        fused.count("other", [5])
        let map = try map(.split("l.{}.qkv.{*}", Self.headed))
        let split = try fused.mapped(map)
        #expect(
            split.declarations.map(\.name) == [
                "l.0.q.weight", "l.0.k.weight", "l.0.v.weight", "l.0.q.bias", "l.0.k.bias",
                "l.0.v.bias", "l.11.q.bias", "l.11.k.bias", "l.11.v.bias", "other",
            ])
        #expect(split["l.0.q.weight"]?.bytes == [0, 1, 2, 3, 12, 13, 14, 15])
        #expect(split["l.0.k.weight"]?.bytes == [4, 5, 6, 7, 16, 17, 18, 19])
        #expect(split["l.0.v.weight"]?.declaration.shape == [4, 2])
        #expect(split["l.0.v.bias"]?.bytes == [104, 105, 110, 111])
        #expect(split["l.11.k.bias"]?.bytes == [1, 4])
        #expect(try split.mapped(map.inverse) == fused)
    }

    @Test func `parts may be unequal and lie along any axis`() throws {
        var whole = StoredWeights()
        whole.count("qkv", [2, 8])
        let parts = [TensorPart("q", share: 2), TensorPart("k"), TensorPart("v")]
        let map = try map(.split("qkv", TensorDivision(parts, along: 1)))
        let split = try whole.mapped(map)
        #expect(split["q"]?.bytes == [0, 1, 2, 3, 8, 9, 10, 11])
        #expect(split["k"]?.bytes == [4, 5, 12, 13])
        #expect(split["v"]?.bytes == [6, 7, 14, 15])
        #expect(try split.mapped(map.inverse) == whole)
    }

    @Test func `rows are interleaved within each head`() throws {
        var halves = StoredWeights()
        halves.count("q", [12, 1])  // 2 heads of width 6
        let map = try map(.interleave("q", heads: 2))
        let pairs = try halves.mapped(map)
        #expect(pairs["q"]?.bytes == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11])
        #expect(try pairs.mapped(map.inverse) == halves)
    }

    @Test func `a matrix is transposed with elements of several bytes`() throws {
        var matrix = StoredWeights()
        matrix.add("m", .int16, [2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
        let map = try map(.transpose("m"), .rename("m", to: "n"))
        let turned = try matrix.mapped(map)
        #expect(turned["n"]?.declaration.shape == [3, 2])
        #expect(turned["n"]?.bytes == [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11])
        #expect(try turned.mapped(map.inverse) == matrix)
    }

    @Test func `a vector of zeros goes and comes back, one of other numbers does not go`() throws {
        var head = StoredWeights()
        head.add("head.weight", .bfloat16, [3, 1], [1, 2, 3, 4, 5, 6])
        head.add("head.bias", .bfloat16, [3], [0, 0, 0, 0, 0, 0])
        let map = try map(.omitZeros("head.bias", rowsOf: "head.weight"))
        let without = try head.mapped(map)
        #expect(without.declarations.map(\.name) == ["head.weight"])
        #expect(try without.mapped(map.inverse) == head)

        head.tensors[1] = .init(
            declaration: head.tensors[1].declaration, bytes: [0, 0x80, 0, 0, 0, 0])
        #expect(try head.mapped(map) == without, "a negative zero is one")

        head.tensors[1] = .init(
            declaration: head.tensors[1].declaration, bytes: [0, 0, 1, 0, 0, 0])
        let plan = try map.plan(head.declarations)
        #expect(try plan.firstNonZero(head)?.name == "head.bias")
        let error = checkpointError { _ = try head.made(by: plan) }
        #expect(error.code == .unfitTensor && error.message.contains("\"head.bias\""))
        #expect(try head.made(by: map.losing.plan(head.declarations)) == without)
    }

    @Test func `what is dropped has no way back, by type`() throws {
        var weights = StoredWeights()
        weights.count("a.0.inv_freq", [2])
        weights.count("a.0.w", [2])
        let lossy = try LossyWeightMap(
            "m", [.drop("a.{}.inv_freq"), .exact(.rename("a.{}.w", to: "b.{}.w"))])
        let plan = try lossy.plan(weights.declarations)
        #expect(plan.outputs.map(\.name) == ["b.0.w"])
    }

    @Test func `a checkpoint is mapped from its headers, and its bytes one by one`() throws {
        let checkpoint = try Checkpoint(folder: Fixture.path("sharded"))
        let first = try #require(checkpoint.entries.first { $0.shape.count == 2 })
        let map = try map(.transpose(first.name))
        var seen: [String] = []
        try map.plan(checkpoint.entries.map(\.declaration)).forEach(checkpoint) { output, bytes in
            #expect(bytes.byteCount == output.byteCount)
            if output.name == first.name { #expect(output.shape == first.shape.reversed()) }
            seen.append(output.name)
        }
        #expect(seen == checkpoint.names)
    }

    // MARK: Refusals

    private func refusal(
        _ tensors: [(name: String, type: ScalarType, shape: [Int])], _ rules: WeightRule...
    ) -> CheckpointError {
        checkpointError {
            let declarations = tensors.map {
                TensorDeclaration(name: $0.name, scalarType: $0.type, shape: $0.shape)
            }
            _ = try WeightMap("m", rules).plan(declarations)
        }
    }

    private typealias Refusal = (CheckpointError, CheckpointError.Code, [String])

    private func check(_ cases: [Refusal]) {
        for (error, code, parts) in cases {
            #expect(error.code == code, "\(error)")
            #expect(error.message.hasPrefix("weight map m: "), "\(error)")
            for part in parts { #expect(error.message.contains(part), "\(error)") }
        }
    }

    @Test func `parts that do not fit are named with what was expected and found`() {
        let fuse = WeightRule.split("l.{}.qkv.{*}", Self.headed).inverse
        check([
            (
                refusal([("l.0.qkv.w", .uint8, [10, 2])], fuse.inverse), .unfitTensor,
                ["\"l.0.qkv.w\"", "multiple of 6", "[10, 2]"]
            ),
            (
                refusal([("l.3.q.w", .uint8, [4]), ("l.3.v.w", .uint8, [4])], fuse), .missing,
                ["\"l.3.k.w\"", "\"l.3.q.w\"", "none"]
            ),
            (
                refusal(
                    [("l.3.q.w", .uint8, [4]), ("l.3.k.w", .uint8, [2]), ("l.3.v.w", .uint8, [4])],
                    fuse), .unfitTensor, ["\"l.3.k.w\"", "[4]", "[2]"]
            ),
            (
                refusal(
                    [("l.3.q.w", .uint8, [4]), ("l.3.k.w", .int8, [4]), ("l.3.v.w", .uint8, [4])],
                    fuse), .unfitTensor, ["\"l.3.k.w\"", "U8", "I8"]
            ),
            (
                refusal(
                    [("l.3.q.w", .uint8, [3]), ("l.3.k.w", .uint8, [3]), ("l.3.v.w", .uint8, [3])],
                    fuse), .unfitTensor, ["\"l.3.q.w\"", "multiple of 2", "[3]"]
            ),
        ])
    }

    @Test func `tensors that do not fit a rule are named with what was expected and found`() {
        check([
            (
                refusal([("q", .uint8, [12, 2])], .interleave("q", heads: 4)), .unfitTensor,
                ["\"q\"", "4 heads of an even width", "[12, 2]"]
            ),
            (
                refusal([("q", .uint8, [])], .deinterleave("q", heads: 1)), .unfitTensor,
                ["\"q\"", "at least 1 axes", "[]"]
            ),
            (
                refusal([("q", .uint8, [2, 2, 2])], .transpose("q")), .unfitTensor,
                ["\"q\"", "a matrix", "[2, 2, 2]"]
            ),
            (
                refusal(
                    [("w", .float32, [3, 2]), ("b", .float32, [2])], .omitZeros("b", rowsOf: "w")),
                .unfitTensor, ["\"b\"", "[3]", "[2]"]
            ),
            (
                refusal([("w", .float32, [3, 2])], .omitZeros("b", rowsOf: "w")), .missing,
                ["\"b\"", "\"w\""]
            ),
            (
                refusal([("b", .float32, [3])], .omitZeros("b", rowsOf: "w")), .missing,
                ["\"w\"", "\"b\""]
            ),
            (
                refusal([("a", .uint8, [1]), ("b", .uint8, [1])], .rename("a", to: "b")),
                .unfitTensor, ["\"b\"", "no such name", "[1]"]
            ),
            (
                refusal([("b.7", .uint8, [1])], .rename("a.{}", to: "b.{}")),
                .unfitTensor, ["\"b.7\""]
            ),
            (
                refusal([("a", .uint8, [1]), ("a", .uint8, [1])], .transpose("z")),
                .unfitTensor, ["\"a\"", "found two"]
            ),
            (
                refusal([("a", .uint8, [-1])], .transpose("z")), .unfitTensor, ["\"a\"", "[-1]"]
            ),
        ])
    }

    @Test(arguments: [
        WeightRule.rename("a.{}", to: "b"), .split("a", TensorDivision([])),
        .split("a", TensorDivision([TensorPart("b", share: 0)])),
        .split("a", TensorDivision([TensorPart("b")], along: -1)),
        .split("a", TensorDivision([TensorPart("b")], groups: 0)),
        .split("a.{}", TensorDivision([TensorPart("b.{}"), TensorPart("b.{}")])),
        .interleave("a", heads: 0), .omitZeros("a", rowsOf: "a"), .transpose("a{"),
    ])
    func `rules that say nothing clear are refused`(_ rule: WeightRule) {
        for rule in [rule, rule.inverse] {
            let error = checkpointError("\(rule)") { _ = try WeightMap("m", [rule]) }
            #expect(error.code == .invalidKeyMap, "\(error)")
        }
    }

    @Test func `a source that holds other sizes than it declares is refused`() throws {
        var weights = StoredWeights()
        weights.add("a", .float32, [2], [1, 2, 3, 4])
        let plan = try map(.rename("a", to: "b")).plan(weights.declarations)
        let error = checkpointError { _ = try weights.made(by: plan) }
        #expect(error.message == "tensor \"a\": expected 8 bytes, found 4")
    }
}
