import Foundation
import MiphaFiles
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

struct OptimizerShardsTests {
    /// What each of two segments reads.
    private static let segments: [Set<ParameterPlace>] = [
        [ParameterPlace(.tower)], [ParameterPlace(.language)],
    ]
    private static let places = [
        "a.weight": ParameterPlace(.tower), "a.bias": ParameterPlace(.tower),
        "b.weight": ParameterPlace(.language),
    ]

    /// The parameters of two segments, filled with their places.
    private static func parameters() throws -> [(name: String, tensor: Tensor)] {
        try [("a.weight", [3, 5]), ("a.bias", [7]), ("b.weight", [2, 2])].map { name, shape in
            let count = shape.reduce(1, *)
            return (name, try Tensor((0..<count).map(Float.init), shape: shape))
        }
    }

    /// Writes the state of three ranks whose first moments are the parameters themselves.
    private func write(to folder: String) throws {
        _ = try inGroup(3) { group in
            let parallel = try DataParallel(
                group, mode: .zero1, segments: OptimizerShardsTests.segments,
                places: OptimizerShardsTests.places,
                parameters: OptimizerShardsTests.parameters())
            let state = try parallel.pieces.flatMap { name, piece in
                [("exp_avg.\(name)", piece), ("step.\(name)", try Tensor.full([], 4))]
            }
            try OptimizerShards.Share(state, of: parallel).write(to: folder)
        }
    }

    @Test func `any range of a parameter is put together from the shards`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.folder("state")
        try write(to: path)
        let shards = try #require(try OptimizerShards(folder: path))
        for (name, tensor) in try Self.parameters() {
            let values = try tensor.values(as: Float.self)
            let whole = try shards.tensor("exp_avg.\(name)", range: nil)
            #expect(whole.shape == tensor.shape)
            #expect(try whole.values(as: Float.self) == values)
            #expect(try shards.tensor("step.\(name)", range: 0..<1).item() == 4)
            for start in values.indices {
                for end in (start + 1)...values.count {
                    let part = try shards.tensor("exp_avg.\(name)", range: start..<end)
                    #expect(try part.values(as: Float.self) == Array(values[start..<end]))
                }
            }
        }
        #expect(throws: (any Error).self) { try shards.tensor("exp_avg.c", range: nil) }
        #expect(throws: (any Error).self) { try shards.tensor("exp_avg_sq.a.bias", range: nil) }
        #expect(try OptimizerShards(folder: folder.folder("empty")) == nil)
    }

    @Test(arguments: [false, true])
    func `a copied share is written as it was, another as it is`(copies: Bool) throws {
        let folder = try TemporaryFolder()
        let path = try folder.folder("state")
        _ = try inGroup(2) { group in
            let parallel = try DataParallel(
                group, mode: .zero2, segments: OptimizerShardsTests.segments,
                places: OptimizerShardsTests.places,
                parameters: OptimizerShardsTests.parameters())
            let state = parallel.pieces.map { ("exp_avg.\($0.name)", $0.tensor) }
            let share = try OptimizerShards.Share(state, of: parallel, copies: copies)
            for (_, piece) in parallel.pieces { try piece.assign(Tensor.full(piece.shape, -1)) }
            try share.write(to: path)
        }
        let shards = try #require(try OptimizerShards(folder: path))
        for (name, tensor) in try Self.parameters() {
            let found = try shards.tensor("exp_avg.\(name)", range: nil).values(as: Float.self)
            let before = try tensor.values(as: Float.self)
            #expect(found == (copies ? before : before.map { _ in -1 }))
        }
    }

    @Test(arguments: [
        (#""world_size": 3"#, #""world_size": 3, "shards": 1"#),
        ("optimizer-00002-of-00003", "../optimizer-00002-of-00003"),
        ("optimizer-00002-of-00003", "optimizer-00002-of-00004"),
        (#""a.bias": [\s*7\s*]"#, #""a.bias": [-7]"#),
        (#""a.bias": [\s*7\s*]"#, #""a.bias": [9223372036854775807, 16]"#),
        (#""a.bias": [\s*7\s*]"#, #""a.bias": [3]"#),
    ])
    func `a damaged layout is refused`(pattern: String, replacement: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.folder("state")
        try write(to: path)
        let file = "\(path)/optimizer_shards.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let escaped = pattern.replacing("[", with: "\\[").replacing("]", with: "\\]")
        let changed = try text.replacing(Regex(escaped), with: replacement)
        try #require(changed != text)
        try AtomicFile.write(changed, to: file)
        #expect(throws: (any Error).self) {
            let shards = try OptimizerShards(folder: path)
            _ = try shards?.tensor("exp_avg.a.bias", range: nil)
        }
    }
}
