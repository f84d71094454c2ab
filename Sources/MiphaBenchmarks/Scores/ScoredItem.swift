public import MiphaFiles

/// One answer with its score.
public struct ScoredItem: Sendable {
    /// What became of the answer.
    public enum Status: String, Sendable, CaseIterable {
        /// It was understood.
        case scored
        /// It is there but does not say what was asked for; it counts as the official scorer counts it.
        case unparsed
        /// It can be read in several ways.
        case ambiguous
        /// There is none.
        case missing
    }

    /// A part of the benchmark the question belongs to.
    public struct Group: Sendable, Hashable {
        /// The kind of part: `answer_type`.
        public let dimension: String
        /// The part: `yes/no`.
        public let part: String

        /// Names a part.
        public init(_ dimension: String, _ part: String) {
            self.dimension = dimension
            self.part = part
        }

        /// Compares the characters.
        public static func == (left: Self, right: Self) -> Bool {
            PythonText.equal(left.dimension, right.dimension)
                && PythonText.equal(left.part, right.part)
        }
    }

    /// The question.
    public var id: QuestionID
    /// The score of the answer, 0 to 1.
    public var score: Double
    /// What became of the answer.
    public var status: Status
    /// The answer as it was given.
    public var prediction: String
    /// What the scorer made of it; nil when it made nothing.
    public var parsed: String?
    /// The right answers.
    public var expected: [String]
    /// The image, or whatever questions share that are not independent; empty: the question.
    public var cluster: String
    /// The parts it belongs to.
    public var groups: [Group]

    /// Makes an item.
    public init(
        id: QuestionID, score: Double, status: Status = .scored, prediction: String,
        parsed: String? = nil, expected: [String] = [], cluster: String = "", groups: [Group] = []
    ) {
        self.id = id
        self.score = score
        self.status = status
        self.prediction = prediction
        self.parsed = parsed
        self.expected = expected
        self.cluster = cluster
        self.groups = groups
    }

    /// The line of a per-item file.
    public var json: JSONValue {
        var object: JSONObject = [
            "question_id": id.json, "score": .double(score), "status": .string(status.rawValue),
            "prediction": .string(prediction), "parsed": parsed.map { .string($0) } ?? .null,
            "expected": .array(expected.map { .string($0) }),
        ]
        if !cluster.isEmpty { object["cluster"] = .string(cluster) }
        for group in groups {
            let part = JSONValue.string(group.part)
            switch object[group.dimension] {
            case nil: object[group.dimension] = part
            case .array(let parts)?: object[group.dimension] = .array(parts + [part])
            case let other?: object[group.dimension] = .array([other, part])
            }
        }
        return .object(object)
    }
}
