import MiphaData
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaTorch

/// The pass of the reference model over all pairs before the first update; TRL's
/// `precompute_ref_log_probs`.
///
/// The reference model is the one that the run starts from. Each pair is a batch of its own, so
/// that a number depends on nothing but its pair; several processes share the pairs. What is done
/// is kept in the run's folder, and a pass that was interrupted goes on where it was.
struct ReferencePass {
    private let context: ObjectiveContext

    /// Seconds between two writes of the file, and between two lines of progress.
    private static let pause = Duration.seconds(15)

    init(_ context: ObjectiveContext) {
        self.context = context
    }

    /// Pairs of one process between two exchanges with the others.
    private var pairsAtOnce: Int { context.parallel == nil ? 1 : 4 }
    private var rank: Int { context.parallel?.group.rank ?? 0 }
    private var world: Int { context.parallel?.group.worldSize ?? 1 }

    /// Finds the log-probabilities or computes what is missing of them.
    ///
    /// - Returns: `nil` when the run is to stop.
    func run(
        shouldStop: () -> Bool, note: (String) -> Void
    ) throws -> ReferenceLikelihoods? {
        var known = try stored(note)
        guard !known.isComplete else { return known }
        let clock = ContinuousClock()
        let (began, before) = (clock.now, known.done)
        let unit = "log-probabilities of the reference model"
        note("\(unit): \(known.done) of \(known.count) pairs are known")
        let isPolicy = !context.isResumed
        let model = isPolicy ? context.model : try context.startModel()
        if isPolicy { try context.parallel?.gatherWeights() }
        var last = began
        for (data, start) in parts where known.done < start + data.count {
            let loader = loader(data, from: known.done - start)
            while known.done < start + data.count {
                let count = min(pairsAtOnce * world, start + data.count - known.done)
                var next = try round(loader, model, count: count)
                let isStopped = try exchange(&next, isStopped: shouldStop())
                known.append(next)
                let now = clock.now
                if rank == 0, isStopped || known.isComplete || now - last > Self.pause {
                    last = now
                    try known.write()
                    let rate = Double(known.done - before) / ((now - began) / .seconds(1))
                    note(
                        "\(unit): \(known.done) of \(known.count) pairs, "
                            + "\((rate * 10).rounded() / 10) pairs/s")
                }
                if isStopped { return nil }
            }
        }
        if isPolicy { try context.parallel?.releaseWeights() }
        return known
    }

    /// The data sets, each with the number of pairs before it.
    private var parts: [(data: TrainingDataSet, start: Int)] {
        [(context.data, 0)] + (context.validation.map { [($0, context.data.count)] } ?? [])
    }

    /// The likelihoods stored in the run's folder; rank 0 reads them for all.
    private func stored(_ note: (String) -> Void) throws -> ReferenceLikelihoods {
        var known = ReferenceLikelihoods(
            folder: context.run.outputFolder, key: rank == 0 ? try key() : "",
            trainingCount: context.data.count, count: parts.reduce(0) { $0 + $1.data.count })
        if rank == 0, known.exists, known.done == 0 {
            note(
                "\(context.run.outputFolder)/reference.safetensors is of another model, other data or "
                    + "other settings, or damaged; it is made anew")
        }
        if let parallel = context.parallel {
            let own = rank == 0 ? known.values : known.values.map { _ in 0 }
            let shared = try parallel.sum(own + [rank == 0 ? Double(known.done) : 0])
            known.take(Array(shared.dropLast()), done: Int(shared[shared.count - 1]))
        }
        return known
    }

    /// A digest of everything that the log-probabilities depend on.
    private func key() throws -> String {
        let run = context.run
        var settings = JSONObject()
        let keys =
            [
                "image_folder", "model_max_length", "attention_mask", "bad_samples", "packing",
                "dtype", "validation_split",
            ] + RunKey.all.filter(\.changesStartModel).map(\.name)
        let values = run.resolved.json
        for key in keys { settings[key] = values[key] }
        settings["template"] = run.template.map { .string($0) } ?? .null
        settings["aspect_ratio"] = .string(run.resolvedAspectRatio.rawValue)
        // Not where it is absent, so that what was computed before there was the key is found.
        if let side = run.imageSize { settings["image_size"] = .integer(side) }
        if run.validationSplit > 0 { settings["seed"] = run.json["seed"] }
        let kinds = [".safetensors", ".json", ".txt"]
        let model = try FileSystem.list(run.model).sorted().map {
            FileSystem.join(run.model, $0)
        }.filter { path in
            FileSystem.kind(path) == .file && kinds.contains { path.hasSuffix($0) }
        }
        settings["files"] = .array(
            try (run.dataFiles + run.validationFiles + model).map {
                .string(try SHA256Digest(contentsOf: $0).hex)
            })
        return SHA256Digest(of: try JSONValue.object(settings).bytes(.compact)).hex
    }

    /// Prepares this process's pairs of a data set, one in a batch.
    private func loader(_ data: TrainingDataSet, from first: Int) -> SampleLoader {
        let (rank, world, atOnce) = (rank, world, pairsAtOnce)
        return SampleLoader(data, settings: context.run.loading) { batch in
            let (round, place) = batch.quotientAndRemainder(dividingBy: atOnce)
            let start = first + round * atOnce * world
            let number = start + place * world + rank
            guard start < data.count else { return nil }
            return number < data.count ? [number] : []
        }
    }

    /// This process's share of the next pairs; the others' stay 0.
    private func round(
        _ loader: SampleLoader, _ model: MiphaModel, count: Int
    ) throws -> [Double] {
        var values = Array(repeating: 0.0, count: 2 * count)
        for (place, batch) in try loader.next(pairsAtOnce).enumerated() {
            let pair = 2 * (place * world + rank)
            guard pair < values.count else { continue }
            let found =
                batch.samples.isEmpty
                ? [.nan, .nan]
                : try model.answerLikelihoods(context.batch(batch.samples)).map(\.logProbability)
            values.replaceSubrange(pair..<pair + 2, with: found)
        }
        return values
    }

    /// Gives all processes the next pairs.
    ///
    /// - Returns: whether one of them is to stop.
    private func exchange(_ next: inout [Double], isStopped: Bool) throws -> Bool {
        guard let parallel = context.parallel else { return isStopped }
        let all = try parallel.sum(next + [isStopped ? 1 : 0])
        next = Array(all.dropLast())
        return all[all.count - 1] > 0
    }
}
