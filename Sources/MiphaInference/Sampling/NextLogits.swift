package import MiphaChat
package import MiphaTorch

/// The logits behind a token, or as many of the largest as a choice needs.
///
/// A device sends the largest alone, since all of a row are as many as the vocabulary has tokens. A
/// choice is the same either way.
package enum NextLogits {
    /// One number for each token of the vocabulary.
    case all([Float])
    /// The largest of them.
    case largest(Largest)

    /// The largest logits of a row.
    package struct Largest {
        /// The token of the largest logit, the first of several.
        let best: Int
        /// The largest logits, falling; one that is not a number comes first.
        let falling: [(id: Int, value: Float)]
        /// Reads the logits of all tokens.
        let all: () throws(TensorError) -> [Float]

        /// The tokens whose logits are no smaller than the `count`-th largest, in the order of their
        /// ids; `nil` where there may be more of them.
        func kept(_ count: Int) -> [(id: Int, value: Float)]? {
            guard count <= falling.count, let least = falling.last?.value,
                least < falling[count - 1].value
            else { return nil }
            let threshold = falling[count - 1].value
            return falling.filter { $0.value >= threshold }.sorted { $0.id < $1.id }
        }
    }

    /// Logits beyond those asked for that are fetched, as in low precision several are often equal.
    private static let spare = 64
    /// Ids travel as float32, which has all whole numbers up to this.
    private static let largestID = 1 << 24

    /// How many of the largest logits the choices by such options need; `nil`: all.
    package static func needed(_ options: [SamplingOptions], vocabulary: Int) -> Int? {
        var most = 1
        for option in options where !option.isGreedy {
            guard let count = option.topK else { return nil }
            most = max(most, 2 * min(count, vocabulary) + spare)
        }
        return most < vocabulary && vocabulary <= largestID ? most : nil
    }

    /// The logits of each row of `[rows, vocabulary]`, in float32, read with one wait.
    ///
    /// - Parameter count: how many of the largest are read; `nil`: all.
    package static func rows(
        of logits: Tensor, keeping count: Int?
    ) throws(TensorError) -> [NextLogits] {
        let (rows, width) = (logits.size(0), logits.size(-1))
        guard let count else {
            let values: [Float] = try logits.to(dtype: .float32, device: .cpu).values()
            return (0..<rows).map { .all(Array(values[$0 * width..<($0 + 1) * width])) }
        }
        let wide = try logits.to(dtype: .float32)
        let (values, places) = try Functions.largest(wide, count: count)
        let best = try wide.argmax().reshaped([rows, 1])
        let read: [Float] = try Tensor.concatenating(
            [values, places.to(dtype: .float32), best.to(dtype: .float32)], along: 1
        ).to(device: .cpu).values()
        return (0..<rows).map { row in
            let start = row * (2 * count + 1)
            let falling = (0..<count).map {
                (id: Int(read[start + count + $0]), value: read[start + $0])
            }
            return .largest(
                Largest(best: Int(read[start + 2 * count]), falling: falling) {
                    () throws(TensorError) in
                    try wide.narrowed(0, from: row, length: 1).to(device: .cpu).values()
                })
        }
    }

    /// One number for each token of the vocabulary.
    package func all() throws(TensorError) -> [Float] {
        switch self {
        case .all(let values): values
        case .largest(let some): try some.all()
        }
    }
}
