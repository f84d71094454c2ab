package import MiphaFiles

/// One question about an image with its right answer.
package struct SceneQuestion: Sendable, Equatable {
    /// The kind of property that it asks for.
    package let kind: QuestionKind

    /// The question in words.
    package let question: String

    /// The only answer that counts as right.
    package let answer: String
}

/// Puts scenes into words: questions with short answers, and captions.
package struct QuestionWriter: Sendable {
    /// How often each kind may be asked about one image.
    private static let portions: [(kind: QuestionKind, count: Int)] = [
        (.colours, 2), (.shape, 2), (.size, 1), (.place, 2), (.describe, 3), (.count, 2),
        (.exists, 2),
    ]

    private let kinds = Self.portions.flatMap { Array(repeating: $0.kind, count: $0.count) }

    /// Makes a writer.
    package init() {}

    /// Returns different questions about a scene in random order.
    ///
    /// - Parameter count: how many at most; small scenes may have fewer to ask.
    package func questions(
        about scene: Scene, count: Int, using random: inout SplitMix64
    ) -> [SceneQuestion] {
        let order = kinds.shuffled(using: &random)
        var asked: Set<String> = []
        var questions: [SceneQuestion] = []
        for kind in order where questions.count < count {
            for _ in 0..<3 {
                let found = question(of: kind, about: scene, using: &random)
                if asked.insert(found.question).inserted {
                    questions.append(found)
                    break
                }
            }
        }
        return questions
    }

    /// Returns one question of a kind.
    package func question(
        of kind: QuestionKind, about scene: Scene, using random: inout SplitMix64
    ) -> SceneQuestion {
        let shape = random.element(of: scene.shapes)
        let (colour, outline) = (shape.colour.rawValue, shape.outline.rawValue)
        let text: (String, String)
        switch kind {
        case .colours:
            let colours = scene.shapes.map(\.colour.rawValue).joined(separator: ", ")
            text = ("Which colors are there?", colours)
        case .shape: text = ("Which shape is \(colour)?", outline)
        case .size: text = ("What size is the \(colour) shape?", shape.extent.rawValue)
        case .place: text = ("Where is the \(colour) shape?", shape.place.rawValue)
        case .describe:
            text = ("Describe the \(colour) shape.", Self.description(of: shape))
        case .count: text = ("How many shapes are there?", "\(scene.shapes.count)")
        case .exists: text = existence(of: shape, in: scene, using: &random)
        }
        return SceneQuestion(kind: kind, question: text.0, answer: text.1)
    }

    /// Returns one sentence about all shapes of a scene, in random order.
    ///
    /// The colour comes first: whoever continues the sentence has to look for the shape of that
    /// colour, as the answer to a question has to.
    package func caption(of scene: Scene, using random: inout SplitMix64) -> String {
        scene.shapes.shuffled(using: &random)
            .map { "\($0.colour.rawValue) \(Self.description(of: $0))" }
            .joined(separator: "; ") + "."
    }

    /// Everything about a shape but its colour.
    private static func description(of shape: SceneShape) -> String {
        "\(shape.extent.rawValue) \(shape.outline.rawValue), \(shape.place.rawValue)"
    }

    /// Half of the questions name a colour that is there, the others one that is not.
    private func existence(
        of shape: SceneShape, in scene: Scene, using random: inout SplitMix64
    ) -> (String, String) {
        let isThere = random.unit() < 0.5
        let absent = Colour.allCases.filter { colour in
            !scene.shapes.contains { $0.colour == colour }
        }
        let colour = isThere ? shape.colour : random.element(of: absent)
        let article = colour == .orange ? "an" : "a"
        return ("Is there \(article) \(colour.rawValue) shape?", isThere ? "yes" : "no")
    }
}
