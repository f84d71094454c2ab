import MiphaTestSupport
import MiphaTorch
import Testing

/// The loss of a linear head in chunks against the loss of its logits.
@Suite struct LinearLossTests {
    /// Loss and gradients of states, weight and bias, times `scale`.
    private struct Outcome {
        let loss: Double
        let dtype: DType
        let gradients: [Tensor?]

        init(
            _ operands: [Tensor], learns: [Bool], scale: Double, _ body: ([Tensor]) throws -> Tensor
        ) throws {
            let leaves = try operands.map { try $0.detached() }
            for (leaf, flag) in zip(leaves, learns) { try leaf.setRequiresGradient(flag) }
            let result = try body(leaves)
            (loss, dtype) = (try result.detached().item(), result.dtype)
            if learns.contains(true) { try (result * scale).backward() }
            gradients = try leaves.map { try $0.gradient() }
        }
    }

    private static let classCount = 51_200

    /// States, weight and bias, with logits of about one.
    private func operands(
        rows: Int, classes: Int, width: Int = 6, dtype: DType = .float32
    ) throws -> [Tensor] {
        [
            try randomTensor([rows, width], seed: 1).to(dtype: dtype),
            try randomTensor([classes, width], seed: 2).to(dtype: dtype),
            try randomTensor([classes], seed: 3).to(dtype: dtype),
        ]
    }

    private func targets(rows: Int, classes: Int) throws -> Tensor {
        try Tensor((0..<rows).map { ($0 * 7919 + 3) % classes })
    }

    private func inChunks(
        _ leaves: [Tensor], _ targets: Tensor, zLoss: Double
    ) throws -> Tensor {
        try Functions.linearCrossEntropySum(
            leaves[0], weight: leaves[1], bias: leaves.count > 2 ? leaves[2] : nil,
            targets: targets, zLoss: zLoss)
    }

    /// The definition, in float64 whatever the operands.
    private func plain(_ leaves: [Tensor], _ targets: Tensor, zLoss: Double) throws -> Tensor {
        let wide = try leaves.map { try $0.to(dtype: .float64) }
        var logits = try wide[0].matmul(wide[1].transposed(0, 1))
        if wide.count > 2 { logits = try logits + wide[2] }
        let logs = try logits.logSoftmax()
        let (rows, classes) = (logits.size(0), logits.size(1))
        let places = try zip(0..<rows, targets.values(as: Int.self)).map { $0 * classes + $1 }
        let index = try Tensor(places)
        let chosen = try logs.reshaped([-1]).selecting(index)
        let sums = try logits.reshaped([-1]).selecting(index) - chosen
        return try (sums * sums * zLoss - chosen).sum()
    }

    private func check(
        _ operands: [Tensor], classes: Int, learns: [Bool], zLoss: Double = 0,
        _ tolerance: Tolerance = Tolerance(relative: 1e-6)
    ) throws {
        let targets = try targets(rows: operands[0].size(0), classes: classes)
        let found = try Outcome(operands, learns: learns, scale: 0.37) {
            try inChunks($0, targets, zLoss: zLoss)
        }
        let expected = try Outcome(operands, learns: learns, scale: 0.37) {
            try plain($0, targets, zLoss: zLoss)
        }
        #expect(
            abs(found.loss - expected.loss)
                <= Double(tolerance.relative) * abs(expected.loss))
        for ((flag, name), (a, b)) in zip(
            zip(learns, ["states", "weight", "bias"]), zip(found.gradients, expected.gradients))
        {
            #expect((a != nil) == flag, "\(name)")
            if flag { try expectClose(name, a, b, tolerance) }
        }
    }

    @Test(arguments: [1, 5, 9], [0, 0.01])
    func `loss and gradients are those of the logits`(rows: Int, zLoss: Double) throws {
        let three = try operands(rows: rows, classes: 13)
        try check(three, classes: 13, learns: [true, true, true], zLoss: zLoss)
        try check(
            Array(three.prefix(2)), classes: 13, learns: [true, true], zLoss: zLoss)
        let wide = try operands(rows: rows, classes: 13, dtype: .float64)
        try check(
            wide, classes: 13, learns: [true, true, true], zLoss: zLoss,
            Tolerance(relative: 1e-7))
    }

    @Test(arguments: [0, 0.001])
    func `many chunks give the sum of all`(_ zLoss: Double) throws {
        // 122 rows of 51,200 logits fill a chunk.
        // In float32 a sum of 51,200 products is good to 1e-5, however it is made.
        for (dtype, limit) in [(DType.float64, Float(1e-6)), (.float32, 3e-5)] {
            let all = try operands(rows: 500, classes: Self.classCount, dtype: dtype)
            for learns in [[true, true, true], [true, false, false]] {
                try check(
                    all, classes: Self.classCount, learns: learns, zLoss: zLoss,
                    Tolerance(relative: limit))
            }
        }
    }

    @Test(arguments: [
        [true, false, false], [false, true, false], [false, false, true], [false, true, true],
        [false, false, false],
    ])
    func `only trainable operands collect gradients`(_ learns: [Bool]) throws {
        try check(operands(rows: 6, classes: 11), classes: 11, learns: learns)
    }

    @Test(arguments: [20, 500])
    func `bfloat16 operands have their gradients in bfloat16`(_ rows: Int) throws {
        let all = try operands(rows: rows, classes: Self.classCount, dtype: .bfloat16)
        let targets = try targets(rows: rows, classes: Self.classCount)
        let learns = [true, true, true]
        let found = try Outcome(all, learns: learns, scale: 1) {
            try inChunks($0, targets, zLoss: 0)
        }
        let expected = try Outcome(all, learns: learns, scale: 1) {
            try plain($0, targets, zLoss: 0)
        }
        #expect(found.dtype == .float32)
        #expect(abs(found.loss - expected.loss) < 2e-3 * expected.loss)
        for (a, b) in zip(found.gradients, expected.gradients) {
            #expect(a?.dtype == .bfloat16)
            try expectClose(
                "gradient", try a?.to(dtype: .float32), try b?.to(dtype: .float32),
                Tolerance(relative: 1.5e-2))
        }
    }

    @Test func `targets that are not a class and shapes that do not fit are refused`() throws {
        let all = try operands(rows: 2, classes: 5)
        for wrong in [[0, 5], [0, -1], [0, -100], [0]] {
            try expectFailure { _ = try inChunks(all, Tensor(wrong), zLoss: 0) }
        }
        try expectFailure {
            _ = try inChunks(
                [all[0], all[1], Tensor([1, 2] as [Float])], Tensor([0, 1]), zLoss: 0)
        }
        try expectFailure {
            _ = try inChunks([all[1], all[0].transposed(0, 1)], Tensor([0, 1]), zLoss: 0)
        }
    }

    @Test func `gradients are handed out once`() throws {
        let all = try operands(rows: 2, classes: 5)
        try all[1].setRequiresGradient(true)
        let loss = try inChunks(all, Tensor([1, 4]), zLoss: 0)
        try loss.backward()
        let once = try #require(try all[1].gradient()).values(as: Float.self)
        try expectFailure { try loss.backward() }
        #expect(try all[1].gradient()?.values(as: Float.self) == once)
    }

    @Test func `no rows give no loss`() throws {
        let all = try operands(rows: 0, classes: 5)
        try all[1].setRequiresGradient(true)
        let loss = try inChunks(all, Tensor([Int]()), zLoss: 0)
        #expect(try loss.detached().item() == 0)
    }

    @Test(arguments: [5, classCount])
    func `weights multiply the rows' losses and gradients, in one chunk and several`(
        classes: Int
    ) throws {
        let rows = classes == 5 ? 4 : 130
        let all = try operands(rows: rows, classes: classes)
        let targets = try targets(rows: rows, classes: classes)
        let shares = (0..<rows).map { Float($0 % 7) * 0.5 - 1 }
        let learns = [true, true, true]
        let found = try Outcome(all, learns: learns, scale: 2) {
            try Functions.linearCrossEntropySum(
                $0[0], weight: $0[1], bias: $0[2], targets: targets, weights: Tensor(shares))
        }
        let expected = try Outcome(all, learns: learns, scale: 2) { leaves in
            var sum = try Tensor.zeros([])
            for (row, share) in shares.enumerated() {
                let one = try Functions.linearCrossEntropySum(
                    leaves[0].narrowed(0, from: row, length: 1), weight: leaves[1], bias: leaves[2],
                    targets: targets.narrowed(0, from: row, length: 1))
                sum = try sum + one * Double(share)
            }
            return sum
        }
        #expect(abs(found.loss - expected.loss) <= 1e-5 * Double(rows))
        for (found, expected) in zip(found.gradients, expected.gradients) {
            let (a, b): ([Float], [Float]) = try (
                #require(found).values(), #require(expected).values()
            )
            let largest = b.reduce(0) { max($0, abs($1)) }
            let worst = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
            // What is expected adds up to 130 gradients in float32, in another order on each machine.
            #expect(worst <= 4e-5 * largest, "\(worst / largest)")
        }
    }

    @Test func `weights that do not fit are refused`() throws {
        let all = try operands(rows: 2, classes: 5)
        let targets = try Tensor([1, 4])
        for (weights, zLoss) in [([1], 0), ([1, 2, 3], 0), ([1, 2], 0.1)] as [([Float], Double)] {
            try expectFailure {
                _ = try Functions.linearCrossEntropySum(
                    all[0], weight: all[1], bias: all[2], targets: targets,
                    weights: Tensor(weights), zLoss: zLoss)
            }
        }
    }

    @Test func `z-loss of given logits skips ignored rows`() throws {
        let logits = try randomTensor([3, 5], seed: 4)
        let logs = try logits.logSoftmax().values(as: Double.self)
        let values = try logits.values(as: Double.self)
        let sums = [0, 10].map { values[$0] - logs[$0] }
        let expected = -logs[2] - logs[14] + 0.1 * sums.reduce(0) { $0 + $1 * $1 }
        let found = try Functions.crossEntropySum(
            logits, targets: Tensor([2, -100, 4]), zLoss: 0.1)
        #expect(abs(try found.item() - expected) < 1e-5)
    }

    @Test(arguments: [0, 0.02], [1, 200])
    func `capped logits have the loss and the gradients of their formula`(
        zLoss: Double, rows: Int
    ) throws {
        // 40,000 classes: several chunks of rows.
        let operands = try operands(rows: rows, classes: rows == 1 ? 13 : 40_000)
        let classes = operands[1].size(0)
        let targets = try targets(rows: rows, classes: classes)
        let found = try Outcome(operands, learns: [true, true, true], scale: 0.37) {
            try Functions.linearCrossEntropySum(
                $0[0], weight: $0[1], bias: $0[2], targets: targets, zLoss: zLoss, softcap: 0.9)
        }
        let expected = try Outcome(operands, learns: [true, true, true], scale: 0.37) {
            let logits = try $0[0].matmul($0[1].transposed(0, 1)) + $0[2]
            return try Functions.crossEntropySum(
                Functions.softcap(logits, 0.9), targets: targets, zLoss: zLoss)
        }
        #expect(abs(found.loss - expected.loss) <= 2e-6 * abs(expected.loss))
        for (name, (a, b)) in zip(
            ["states", "weight", "bias"], zip(found.gradients, expected.gradients))
        {
            // Chunks add the gradients of 40,000 classes in another order.
            try expectClose(name, a, b, Tolerance(relative: 2e-5))
        }
    }
}
