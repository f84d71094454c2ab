/// One question about a picture with its right answer.
package struct SceneQuestion: Sendable, Equatable {
    /// What it asks for.
    package let kind: QuestionKind

    /// The question in words.
    package let question: String

    /// The only answer that counts as right.
    package let answer: String
}

/// Puts scenes into words: questions with short answers, and captions.
package struct QuestionWriter: Sendable {
    /// How often each kind may be asked about one picture.
    ///
    /// The kinds that make a model read several properties at once come more often: every such
    /// answer teaches three look-ups for the price of one question.
    package static let portions: [(kind: QuestionKind, count: Int)] = [
        (.colour, 2), (.shape, 2), (.size, 2), (.place, 3), (.describe, 5), (.cell, 3),
        (.count, 1), (.exists, 3), (.relation, 3),
    ]

    /// Makes a writer.
    package init() {}

    /// Returns different questions about a scene in random order.
    ///
    /// - Parameter count: how many at most; small scenes may have fewer to ask.
    package func questions(
        about scene: Scene, count: Int, using random: inout SplitMix64
    ) -> [SceneQuestion] {
        var kinds = Self.portions.flatMap { Array(repeating: $0.kind, count: $0.count) }
        kinds.shuffle(using: &random)
        var asked: Set<String> = []
        var questions: [SceneQuestion] = []
        for kind in kinds where questions.count < count {
            for _ in 0..<3 {
                guard let found = question(of: kind, about: scene, using: &random) else { break }
                if asked.insert(found.question).inserted {
                    questions.append(found)
                    break
                }
            }
        }
        return questions
    }

    /// Returns one question of a kind, or nothing when the scene has none to ask.
    package func question(
        of kind: QuestionKind, about scene: Scene, using random: inout SplitMix64
    ) -> SceneQuestion? {
        let shape = random.element(of: scene.shapes)
        let outline = shape.outline.rawValue
        let text: (String, String)?
        switch kind {
        case .colour: text = ("What color is the \(outline)?", shape.colour.rawValue)
        case .shape: text = ("Which shape is \(shape.colour.rawValue)?", outline)
        case .size: text = ("What size is the \(outline)?", shape.extent.rawValue)
        case .place: text = ("Where is the \(outline)?", shape.place.name)
        case .describe: text = description(of: shape, using: &random)
        case .cell: text = cell(of: shape, in: scene, using: &random)
        case .count: text = ("How many shapes are there?", "\(scene.shapes.count)")
        case .exists: text = existence(of: shape, in: scene, using: &random)
        case .relation: text = relation(in: scene, using: &random)
        }
        return text.map { SceneQuestion(kind: kind, question: $0.0, answer: $0.1) }
    }

    /// Returns one sentence about all shapes of a scene, in reading order.
    package func caption(of scene: Scene) -> String {
        let parts = scene.shapes.map { "a \($0.name) at the \($0.place.name)" }
        return parts.joined(separator: ", ") + "."
    }

    private func description(
        of shape: SceneShape, using random: inout SplitMix64
    ) -> (String, String) {
        let (size, place) = (shape.extent.rawValue, shape.place.name)
        let (colour, outline) = (shape.colour.rawValue, shape.outline.rawValue)
        return random.unit() < 0.5
            ? ("Describe the \(outline).", "\(size) \(colour), \(place)")
            : ("Describe the \(colour) shape.", "\(size) \(outline), \(place)")
    }

    /// One question in six asks about an empty cell.
    private func cell(
        of shape: SceneShape, in scene: Scene, using random: inout SplitMix64
    ) -> (String, String) {
        guard random.unit() < 1.0 / 6 else {
            return ("What is at the \(shape.place.name)?", shape.name)
        }
        let empty = Place.all.filter { place in !scene.shapes.contains { $0.place == place } }
        return ("What is at the \(random.element(of: empty).name)?", "nothing")
    }

    /// Half of the questions are answered with no, and most of those name a colour and an outline
    /// that are both there, on different shapes.
    private func existence(
        of shape: SceneShape, in scene: Scene, using random: inout SplitMix64
    ) -> (String, String) {
        func ask(_ colour: Colour, _ outline: Outline) -> String {
            let article = colour == .orange ? "an" : "a"
            return "Is there \(article) \(colour.rawValue) \(outline.rawValue)?"
        }
        if random.unit() < 0.5 { return (ask(shape.colour, shape.outline), "yes") }
        let others = scene.shapes.filter { $0.outline != shape.outline }
        let choice = random.unit()
        if choice < 0.6, !others.isEmpty {
            return (ask(shape.colour, random.element(of: others).outline), "no")
        }
        if choice < 0.8 {
            let wrong = Colour.allCases.filter { $0 != shape.colour }
            return (ask(random.element(of: wrong), shape.outline), "no")
        }
        let wrong = Outline.allCases.filter { $0 != shape.outline }
        return (ask(shape.colour, random.element(of: wrong)), "no")
    }

    /// Both answers are equally likely for every pair of shapes and every direction.
    private func relation(
        in scene: Scene, using random: inout SplitMix64
    ) -> (String, String)? {
        let pair = random.sample(2, of: scene.shapes)
        guard pair.count == 2 else { return nil }
        let (first, second) = (pair[0].place, pair[1].place)
        var axes: [(less: String, more: String, first: Int, second: Int)] = []
        if first.row != second.row { axes.append(("above", "below", first.row, second.row)) }
        if first.column != second.column {
            axes.append(("left of", "right of", first.column, second.column))
        }
        let axis = random.element(of: axes)
        let asksLess = random.unit() < 0.5
        let holds = (axis.first < axis.second) == asksLess
        return (
            "Is the \(pair[0].outline.rawValue) \(asksLess ? axis.less : axis.more) "
                + "the \(pair[1].outline.rawValue)?", holds ? "yes" : "no"
        )
    }
}
