public import MiphaBenchmarks
import MiphaFiles

/// A question of a run with what identifies its answer.
public struct PlannedQuestion: Sendable {
    /// Place in the benchmark's order.
    public let position: Int
    /// The question.
    public let question: Question
    /// The largest number of tokens of the answer.
    public let maxTokens: Int
    /// Digest of everything the answer depends on: model, prompt, images and limits.
    public let key: String
    /// What distinguishes its images: digests of their bytes.
    let pictures: [String]
}

/// The questions of a run.
public struct EvaluationPlan: Sendable {
    /// The questions of this shard, in the benchmark's order.
    public let questions: [PlannedQuestion]
    /// Number of questions over all shards.
    public let total: Int
    /// Number of images with different contents in this shard.
    public let pictureCount: Int

    /// Stands for the digest of an image that cannot be read.
    private static let missing = "missing"

    /// Plans a run.
    ///
    /// Every image is read once for its digest, so that an exchanged image voids its answers.
    /// Equal questions are distinguished by their number among all that are wanted, so that a question
    /// has the same key in a shard and in the whole.
    ///
    /// - Parameters:
    ///   - questions: all questions of the benchmark.
    ///   - defaultMaxTokens: the benchmark's longest answer.
    ///   - progress: called with the number of images read.
    /// - Throws: what `progress` throws.
    public init(
        _ questions: [Question], model: EvaluatedModel, settings: EvaluationSettings,
        defaultMaxTokens: Int, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws {
        let wanted = settings.limit.map { Array(questions.prefix($0)) } ?? questions
        let positions = Self.positions(wanted, settings.shard)
        let taken = Set(positions)
        let twins = Self.twins(wanted, taken)
        let pictures = Set((positions + twins).flatMap { wanted[$0].pictures })
        var digests: [PictureSource: String] = [:]
        for picture in pictures {
            // An image that cannot be read fails when its questions are asked, with its name.
            digests[picture] =
                (try? picture.load()).map { SHA256Digest(of: $0).hex } ?? Self.missing
            try progress(digests.count, pictures.count)
        }
        let maxTokens = settings.maxTokens ?? defaultMaxTokens
        var occurrences: [String: Int] = [:]
        self.questions = (positions + twins).sorted().compactMap { position in
            let question = wanted[position]
            let parts =
                [model.fingerprint, "\(maxTokens)", question.id.text, question.text]
                + question.pictures.map { digests[$0] ?? "" }
            // Lengths in front keep different parts from running into the same bytes.
            let body = parts.map { "\($0.utf8.count):\($0)" }.joined()
            let same = occurrences[body, default: 0]
            occurrences[body] = same + 1
            guard taken.contains(position) else { return nil }
            return PlannedQuestion(
                position: position, question: question, maxTokens: maxTokens,
                key: SHA256Digest(of: Array("\(same)|\(body)".utf8)).hex,
                pictures: question.pictures.map { picture in
                    let digest = digests[picture] ?? Self.missing
                    return digest == Self.missing ? "\(digest) \(picture.name)" : digest
                })
        }
        total = wanted.count
        pictureCount =
            Set(positions.flatMap { wanted[$0].pictures }.compactMap { digests[$0] })
            .subtracting([Self.missing]).count
    }

    /// What is known of a question without reading images.
    private struct Words: Hashable {
        let id: String
        let text: String
        let pictureCount: Int

        init(_ question: Question) {
            id = question.id.text
            text = question.text
            pictureCount = question.pictures.count
        }
    }

    /// The places outside of a shard whose questions are equal to one inside if their images are.
    private static func twins(_ questions: [Question], _ taken: Set<Int>) -> [Int] {
        guard taken.count < questions.count else { return [] }
        let inside = Set(taken.map { Words(questions[$0]) })
        return questions.indices.filter { index in
            !taken.contains(index) && inside.contains(Words(questions[index]))
        }
    }

    /// The places of a shard's questions; questions on the same images stay together.
    private static func positions(_ questions: [Question], _ shard: EvaluationShard) -> [Int] {
        guard shard.count > 1 else { return Array(questions.indices) }
        var groups: [[Int]] = []
        var places: [[PictureSource]: Int] = [:]
        for (index, question) in questions.enumerated() {
            if !question.pictures.isEmpty, let place = places[question.pictures] {
                groups[place].append(index)
            } else {
                places[question.pictures] = groups.count
                groups.append([index])
            }
        }
        var taken: [Int] = []
        var before = 0
        for group in groups {
            // A group belongs to the shard in whose share of the questions it starts.
            if before * shard.count / max(questions.count, 1) == shard.index - 1 { taken += group }
            before += group.count
        }
        return taken.sorted()
    }
}
