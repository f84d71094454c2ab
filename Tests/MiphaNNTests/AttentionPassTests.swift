import MiphaFiles
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Passes over whole rows against the formula of attention, with gradients.
@Suite struct AttentionPassTests {
    private static let tokens = 7

    /// Queries, keys and values of two rows.
    private func operands(_ plain: PlainAttention, dtype: DType = .float32) throws -> [Tensor] {
        try zip([plain.heads, plain.keyValueHeads, plain.keyValueHeads], 1...3).map {
            try randomTensor([2, Self.tokens, $0, 8], seed: UInt64($1)).to(dtype: dtype)
        }
    }

    /// Compares a pass with the formula, and the gradients of both.
    private func check(
        _ plain: PlainAttention, _ pass: any AttentionPass, sees: (Int, Int, Int) -> Bool
    ) throws {
        for (dtype, general) in [
            (DType.float32, Tolerance.of(.operationGradient)),
            (.float64, Tolerance(relative: 1e-6)),
        ] {
            if dtype == .float64 && Device.underTest.lacksFloat64 { continue }
            // One key has all of the weight, whatever its score: gradients of scores are 0.
            var tolerance = general
            if plain.window == 1 { tolerance.absolute = 1e-6 }
            let direction = try randomTensor([2, Self.tokens, plain.heads, 8], seed: 9)
                .to(dtype: dtype)
            var results: [[Tensor?]] = []
            for isPass in [true, false] {
                let leaves = try operands(plain, dtype: dtype)
                for leaf in leaves { try leaf.setRequiresGradient(true) }
                let result =
                    isPass
                    ? try plain.attend(pass, leaves[0], leaves[1], leaves[2])
                    : try plain(leaves[0], leaves[1], leaves[2]) {
                        sees($0, $1, $2) && plain.reaches($1, $2)
                    }
                try (result * direction).sum().backward()
                results.append([try result.detached()] + (try leaves.map { try $0.gradient() }))
            }
            for (name, (found, expected)) in zip(
                ["result", "q", "k", "v"], zip(results[0], results[1]))
            {
                try expectClose("\(name), \(dtype.rawValue)", found, expected, tolerance)
            }
        }
    }

    @Test(arguments: PlainAttention.all)
    func `a sequence sees what comes before`(plain: PlainAttention) throws {
        let pass = try SequencePass(
            positions: [Array(0..<Self.tokens)], device: .underTest)
        #expect(try pass.positions.values(as: Int.self) == Array(0..<Self.tokens))
        try check(plain, pass) { _, _, _ in true }
    }

    @Test(arguments: PlainAttention.all.filter { $0.window == nil })
    func `keys that are not real are not seen`(plain: PlainAttention) throws {
        let isReal = [
            [true, false, true, true, false, true, true],
            [true, true, true, true, true, false, false],
        ]
        let pass = try SequencePass(
            positions: [Array(0..<Self.tokens)], keyMask: isReal, device: .underTest)
        try check(plain, pass) { row, _, key in isReal[row][key] }
    }

    @Test(arguments: PlainAttention.all)
    func `texts in one row do not see each other`(plain: PlainAttention) throws {
        let documents = [[0..<3, 3..<7], [0..<6, 6..<7]]
        let pass = try PackedPass(documents: documents, device: .underTest)
        #expect(
            try pass.positions.values(as: Int.self) == [0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 0])
        try check(plain, pass) { row, query, key in
            documents[row].contains { $0.contains(query) && $0.contains(key) }
        }
    }

    @Test(arguments: [nil, 1, 2, 3, 100])
    func `one layer's window does not change another's`(window: Int?) throws {
        let plain = PlainAttention(window: window)
        let parts = try operands(plain)
        for pass: any AttentionPass in [
            try SequencePass(
                positions: [Array(0..<Self.tokens)], device: .underTest),
            try PackedPass(documents: [[0..<3, 3..<7], [0..<7]], device: .underTest),
        ] {
            let alone = try plain.attend(pass, parts[0], parts[1], parts[2])
            for other in [nil, 2, 5] {
                let plain = PlainAttention(window: other)
                _ = try plain.attend(pass, parts[0], parts[1], parts[2], layer: 1)
            }
            let again = try plain.attend(pass, parts[0], parts[1], parts[2], layer: 2)
            #expect(try alone.values(as: Float.self) == again.values(as: Float.self))
        }
    }

    @Test(arguments: [nil, 1.5])
    func `a window as long as the text changes no bit`(softcap: Double?) throws {
        let parts = try operands(PlainAttention())
        for pass: any AttentionPass in [
            try SequencePass(positions: [Array(0..<Self.tokens)], device: .underTest),
            try PackedPass(documents: [[0..<3, 3..<7], [0..<7]], device: .underTest),
        ] {
            let results = try [nil, Self.tokens, 100].map { window in
                try PlainAttention(window: window, softcap: softcap)
                    .attend(pass, parts[0], parts[1], parts[2]).values(as: Float.self)
            }
            #expect(results[1] == results[0] && results[2] == results[0])
        }
    }

    @Test func `frequencies that depend on the length are those of each token's text`() throws {
        let rotary = RotaryEmbedding(
            width: 8, theta: 100, scaling: .dynamic(factor: 3, positions: 4))
        func angles(_ pass: any AttentionPass) throws -> [Float] {
            try rotary.angles(pass).cos.values(as: Float.self)
        }
        func text(_ count: Int) throws -> [Float] {
            try angles(SequencePass(positions: [Array(0..<count)], device: .underTest))
        }
        let (short, long) = (try text(3), try text(6))
        #expect(Array(long.prefix(12)) != short)
        let plain = RotaryEmbedding(width: 8, theta: 100)
        let pass = try SequencePass(positions: [[0, 1, 2]], device: .underTest)
        #expect(try plain.angles(pass).cos.values(as: Float.self) == short)
        let packed = try PackedPass(documents: [[0..<3, 3..<9]], device: .underTest)
        #expect(try angles(packed) == short + long)
    }

    @Test func `rotary angles follow the positions`() throws {
        let pass = try SequencePass(positions: [[0, 0, 5], [3, 4, 5]], device: .underTest)
        let angles = try RotaryEmbedding(width: 4, theta: 10000).angles(pass)
        #expect(angles.cos.shape == [2, 3, 2])
        let (cosines, sines) = (
            try angles.cos.values(as: Float.self), try angles.sin.values(as: Float.self)
        )
        #expect(Array(cosines[0..<4]) == [1, 1, 1, 1])
        #expect(Array(sines[0..<4]) == [0, 0, 0, 0])
        #expect(cosines[4..<6] == cosines[10..<12])
        // Position 5, second frequency of theta 10000 over four features: 5 / 100.
        #expect(abs(sines[5] - 0.049979) < 1e-5)
        let x = try randomTensor([2, 3, 2, 6], seed: 4)
        try expectClose(
            "rotation", angles(x), Functions.rotary(x, cos: angles.cos, sin: angles.sin),
            Tolerance(relative: 0))
    }
}
