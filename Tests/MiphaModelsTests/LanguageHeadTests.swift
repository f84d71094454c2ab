import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// The final norm and the map to logits, its own or the table's.
@Suite struct LanguageHeadTests {
    private static let (width, classes, rows) = (6, 11, 5)

    private let store: ParameterStore
    private let table: Embedding
    private let own: Linear
    private let norm: RMSNorm
    private let scale, matrix: Tensor

    init() throws {
        let generator = try RandomGenerator(seed: 5)
        store = ParameterStore(source: InitializerSource(generator: generator))
        let model = store.scope(.language)["model"]
        table = try Embedding(
            model["embed_tokens"], rows: Self.classes, width: Self.width, deviation: 1)
        norm = try RMSNorm(model.output["norm"], width: Self.width, epsilon: 1e-6)
        own = try Linear(
            store.scope(.language).part(.head)["lm_head"], from: Self.width, to: Self.classes,
            bias: false, deviation: 1)
        scale = try #require(store["model.norm.weight"])
        matrix = try #require(store["lm_head.weight"])
        try scale.assign(randomTensor([Self.width], seed: 8))
    }

    /// Logits of hidden states, and the loss with the gradients of the matrix and the states.
    private func results(_ head: LanguageHead, zLoss: Double = 0) throws -> [Tensor?] {
        let hidden = try randomTensor([Self.rows, Self.width], seed: 3)
        try hidden.setRequiresGradient(true)
        for (_, tensor) in store.parameters {
            try tensor.setRequiresGradient(true)
            try tensor.setGradient(nil)
        }
        let states = try head.normalize(hidden)
        let loss = try head.crossEntropySum(
            states, targets: Tensor([4, 0, 10, 4, 7], device: .underTest), zLoss: zLoss)
        try loss.backward()
        return [
            try head.logits(states).detached(), try loss.detached(), try hidden.gradient(),
            try scale.gradient(),
        ]
    }

    private func expectSame(_ found: [Tensor?], _ expected: [Tensor?]) throws {
        for (name, (a, b)) in zip(
            ["logits", "loss", "states", "norm"], zip(found, expected))
        {
            try requireClose(
                name, #require(a), #require(b), Tolerance(relative: 1e-5, absolute: 1e-6))
        }
    }

    @Test(arguments: [nil, 2.0])
    func `a tied head gives what a head of its own with the same matrix gives`(
        softcap: Double?
    ) throws {
        try matrix.assign(table.weight)
        let tied = try results(try LanguageHead(norm: norm, tiedTo: table, softcap: softcap))
        let tiedGradient = try table.weight.gradient()
        #expect(try matrix.gradient() == nil)
        let separate = try results(LanguageHead(norm: norm, map: own, softcap: softcap))
        #expect(try table.weight.gradient() == nil)
        try expectSame(tied, separate)
        try requireClose(
            "matrix", #require(tiedGradient), #require(try matrix.gradient()),
            .of(.operationGradient))
    }

    @Test(arguments: [nil, 0.8], [0, 0.01])
    func `the loss is that of the logits`(softcap: Double?, zLoss: Double) throws {
        let head = LanguageHead(norm: norm, map: own, softcap: softcap)
        let found = try results(head, zLoss: zLoss)
        let hidden = try randomTensor([Self.rows, Self.width], seed: 3)
        try hidden.setRequiresGradient(true)
        try scale.setGradient(nil)
        let logits = try head.logits(head.normalize(hidden))
        if let softcap { #expect(try logits.detached().absoluteMaximum() < softcap) }
        let loss = try Functions.crossEntropySum(
            logits, targets: Tensor([4, 0, 10, 4, 7], device: .underTest), zLoss: zLoss)
        try loss.backward()
        try expectSame(
            found,
            [
                logits.detached(), loss.detached(), hidden.gradient(), scale.gradient(),
            ])
    }

    @Test func `a head reads the final norm and its matrix`() throws {
        #expect(
            LanguageHead(norm: norm, map: own).places
                == [ParameterPlace(.language, .output), ParameterPlace(.head)])
        #expect(
            try LanguageHead(norm: norm, tiedTo: table).places
                == [ParameterPlace(.language, .output), ParameterPlace(.language)])
    }
}
