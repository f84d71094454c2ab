public import MiphaChat

/// Chooses the next token from the logits of the last position.
///
/// The order is that of transformers' `generation/logits_process.py`: divide by the temperature,
/// keep the `topK` largest (and their ties), keep the most likely that together reach `topP`,
/// draw from what is left. Probabilities are computed in double precision.
public struct Sampler: Sendable {
    /// A token and its chance to be drawn.
    public struct Candidate: Sendable, Hashable {
        /// The token.
        public let id: Int
        /// Its probability among all candidates.
        public let probability: Double
    }

    private let options: SamplingOptions
    private var generator: SamplingGenerator

    /// Creates the sampler of one answer.
    ///
    /// Without a seed in `options` every sampler draws its own sequence.
    public init(_ options: SamplingOptions) {
        self.options = options
        generator = SamplingGenerator(seed: options.seed ?? UInt64.random(in: 0...UInt64.max))
    }

    /// The next token.
    ///
    /// - Parameter logits: one number for each token of the vocabulary; minus infinity excludes one.
    /// - Throws: `InferenceError` with code `invalidLogits` when the largest is not a finite number
    ///   or one is not a number.
    public mutating func next(_ logits: [Float]) throws(InferenceError) -> Int {
        if options.isGreedy { return try Self.mostLikely(logits) }
        return draw(from: try Self.candidates(logits, options))
    }

    /// The next token, the same as that of all logits.
    ///
    /// - Throws: as of all logits; `TensorError` where the largest do not settle the choice and the
    ///   others cannot be read.
    package mutating func next(_ logits: NextLogits) throws -> Int {
        switch logits {
        case .all(let values): return try next(values)
        case .largest(let some):
            guard let largest = some.falling.first?.value, largest.isFinite else {
                throw Self.invalid
            }
            if options.isGreedy { return some.best }
            guard let kept = options.topK.flatMap(some.kept) else {
                return try next(some.all())
            }
            return draw(
                from: Self.candidates(
                    kept.map(\.id), kept.map(\.value), largest: largest, options))
        }
    }

    private mutating func draw(from candidates: [Candidate]) -> Int {
        var rest = generator.unit()
        for candidate in candidates {
            rest -= candidate.probability
            if rest < 0 { return candidate.id }
        }
        return candidates[candidates.count - 1].id
    }

    /// The token of the largest logit, the first of several.
    static func mostLikely(_ logits: [Float]) throws(InferenceError) -> Int {
        var best = 0
        var largest = -Float.infinity
        var hasNaN = false
        for index in logits.indices {
            let value = logits[index]
            if value > largest {
                largest = value
                best = index
            }
            hasNaN = hasNaN || value.isNaN
        }
        guard largest.isFinite, !hasNaN else { throw invalid }
        return best
    }

    private static var invalid: InferenceError {
        InferenceError(
            .invalidLogits,
            "the model's logits are not finite numbers; its weights are damaged, or the dtype "
                + "overflows (try --dtype float32 or bfloat16)")
    }

    /// The tokens that may be drawn, in the order of their ids.
    ///
    /// - Throws: as `next(_:)`.
    public static func candidates(
        _ logits: [Float], _ options: SamplingOptions
    ) throws(InferenceError) -> [Candidate] {
        let best = try mostLikely(logits)
        if options.isGreedy { return [Candidate(id: best, probability: 1)] }
        var ids = Array(logits.indices)
        if let count = options.topK, count < logits.count {
            let threshold = kthLargest(logits, count)
            ids.removeAll { logits[$0] < threshold }
        }
        return candidates(ids, ids.map { logits[$0] }, largest: logits[best], options)
    }

    /// The tokens that may be drawn of those that `topK` leaves.
    ///
    /// - Parameters:
    ///   - ids: the tokens, rising.
    ///   - logits: their logits.
    ///   - largest: the largest of them.
    private static func candidates(
        _ tokens: [Int], _ logits: [Float], largest: Float, _ options: SamplingOptions
    ) -> [Candidate] {
        var ids = tokens
        var weights = logits.map {
            exponential((Double($0) - Double(largest)) / options.temperature)
        }
        if options.topP < 1 {
            let kept = nucleus(weights, share: options.topP)
            ids = kept.map { ids[$0] }
            weights = kept.map { weights[$0] }
        }
        let total = weights.reduce(0, +)
        return zip(ids, weights).compactMap { id, weight in
            weight > 0 ? Candidate(id: id, probability: weight / total) : nil
        }
    }

    /// Places of the largest weights that together reach a share of the sum, in ascending order.
    ///
    /// A place is kept while the weights before it, in descending order, have not reached the share.
    private static func nucleus(_ weights: [Double], share: Double) -> [Int] {
        let wanted = weights.reduce(0, +) * share
        // Most of a vocabulary has next to no weight: sort the head alone where that is enough.
        var places = weights.indices.filter { weights[$0] > 1e-4 }
        if places.reduce(0, { $0 + weights[$1] }) < wanted { places = Array(weights.indices) }
        places.sort { weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1 }
        var reached = 0.0
        var count = 0
        while count < places.count, count == 0 || reached < wanted {
            reached += weights[places[count]]
            count += 1
        }
        return places[..<count].sorted()
    }

    /// The `count`-th largest value, found by repeated division.
    private static func kthLargest(_ values: [Float], _ count: Int) -> Float {
        var rest = values
        var wanted = count
        while true {
            let pivot = rest[rest.count / 2]
            let larger = rest.filter { $0 > pivot }
            if wanted <= larger.count {
                rest = larger
                continue
            }
            let equal = rest.count { $0 == pivot }
            if wanted <= larger.count + equal { return pivot }
            wanted -= larger.count + equal
            rest = rest.filter { $0 < pivot }
        }
    }
}
