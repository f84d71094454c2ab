import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// The gradients of a batch of eight, however it is cut.
struct GradientEqualityTests {
    /// A way to cut the batch; the micro-batches go to the ranks in turn.
    struct Cut: Sendable, CustomTestStringConvertible {
        var world = 1
        let accumulation: Int
        var mode = ShardingMode.none
        var checkpointing = false

        var testDescription: String {
            "\(world) x \(accumulation) x \(8 / world / accumulation), \(mode.rawValue)"
                + (checkpointing ? ", checkpointing" : "")
        }
    }

    private static let answers = [1, 7, 2, 5, 3, 1, 6, 4]

    private static let cuts =
        [
            Cut(accumulation: 2), Cut(accumulation: 4), Cut(accumulation: 8),
            Cut(accumulation: 2, checkpointing: true),
        ]
        + ShardingMode.allCases.flatMap { mode in
            [
                Cut(world: 2, accumulation: 2, mode: mode),
                Cut(world: 2, accumulation: 2, mode: mode, checkpointing: true),
                Cut(world: 4, accumulation: 1, mode: mode),
                Cut(world: 2, accumulation: 4, mode: mode),
            ]
        }

    /// The gradients of all parameters; of several ranks, those that rank 0 puts together.
    private static func gradients(
        _ cut: Cut, _ group: ProcessGroup?
    ) throws -> [String: [Float]] {
        let tiny = try RankJob().model()
        let names = try tiny.model.store.train { _ in true }
        let parameters = tiny.model.store.parameters.filter { names.contains($0.name) }
        let parallel = try group.map {
            try DataParallel(
                $0, mode: cut.mode, segments: tiny.model.segmentPlaces(),
                places: tiny.model.store.places,
                parameters: parameters)
        }
        let whole = try tiny.batch(answers: answers, pictures: true)
        let (rank, size) = (group?.rank ?? 0, 8 / cut.world / cut.accumulation)
        for index in 0..<cut.accumulation {
            let first = (index * cut.world + rank) * size
            parallel?.begin(isLast: index == cut.accumulation - 1)
            let chain = try tiny.model.lossChain(
                whole.rows(first..<first + size), dropout: nil)
            _ = try SegmentedBackward(checkpointing: cut.checkpointing)(
                chain, scale: 1 / Double(whole.supervisedCount),
                observer: parallel)
        }
        guard let parallel else { return try tiny.takeGradients() }
        try parallel.finishGradients()
        let own = try parallel.pieces.compactMap { name, piece in
            try piece.gradient().map { (name: name, tensor: $0) }
        }
        return try Dictionary(
            uniqueKeysWithValues: parallel.collect(own).map {
                ($0.name, try $0.tensor.values(as: Float.self))
            })
    }

    @Test(arguments: cuts)
    func `cutting a batch changes no gradient by more than rounding`(cut: Cut) throws {
        let whole = try Self.gradients(Cut(accumulation: 1), nil)
        let found =
            cut.world == 1
            ? try Self.gradients(cut, nil)
            : try inGroup(cut.world) { try Self.gradients(cut, $0) }[0]
        let names = Set(whole.keys).intersection(found.keys)
        #expect(names.count >= whole.count)
        let distance = relativeDistance(found.filter { names.contains($0.key) }, whole)
        #expect(distance <= 1e-6, "\(distance)")
        let worst = largestDistance(found.filter { names.contains($0.key) }, whole)
        #expect(worst.distance <= 3e-6, "\(worst)")
    }
}
