import MiphaFiles

/// The demo's synthetic data: images of coloured shapes with conversations about them.
///
/// Everything follows from ``Plan``: the same plan gives the same bytes under one release of Swift.
/// Training scenes of one shape, of several shapes, and held-out scenes come from streams with
/// different seeds.
package struct DemoDataSet: Sendable {
    /// The amount of data to make, and its seed.
    package struct Plan: Sendable, Equatable {
        /// Seeds all random streams.
        package var seed: UInt64 = 7

        /// The side of the square images in pixels.
        package var side = 32

        /// Number of training images of one shape, each with a caption.
        package var singlePictures = 8_000

        /// Number of training images of several shapes, each with a caption and a conversation.
        package var trainingPictures = 12_000

        /// Number of images kept for the test.
        package var heldOutPictures = 150

        /// Questions about each image at most.
        package var rounds = 3

        /// Number of shapes that a training image may hold.
        package var shapes = 2...3

        /// Number of shapes that a held-out image may hold.
        package var heldOutShapes = 2...3

        /// Makes the standard plan.
        package init() {}
    }

    /// An image of the data set that is not drawn yet.
    package struct Picture: Sendable {
        /// The file name inside the image folder.
        package let file: String

        /// The scene that it shows.
        package let scene: Scene
    }

    /// One question of the held-out set.
    package struct HeldOutQuestion: Codable, Sendable, Equatable {
        /// The id of the item in the held-out file.
        package let id: String

        /// The kind of property that it asks for.
        package let kind: QuestionKind

        /// The question in words.
        package let question: String

        /// The only answer that counts as right.
        package let answer: String
    }

    /// The plan that the data set was made from.
    package let plan: Plan

    /// All images of all parts.
    package private(set) var pictures: [Picture] = []

    /// Captions of images of one shape.
    package private(set) var single: [DemoItem] = []

    /// Captions of images of several shapes.
    package private(set) var alignment: [DemoItem] = []

    /// Conversations about images.
    package private(set) var instruction: [DemoItem] = []

    /// Questions about held-out images, one per item.
    package private(set) var heldOut: [DemoItem] = []

    /// The kinds of the held-out questions, in the order of ``heldOut``.
    package private(set) var heldOutQuestions: [HeldOutQuestion] = []

    /// Makes the data set of a plan; nothing is drawn or written yet.
    package init(plan: Plan) {
        self.plan = plan
        makeSingle()
        makeTraining()
        makeHeldOut()
    }

    private mutating func makeSingle() {
        var random = SplitMix64(seed: plan.seed &* 4 &+ 1)
        let (generator, writer) = (SceneGenerator(shapeCount: 1...1), QuestionWriter())
        for index in 0..<plan.singlePictures {
            let scene = generator.scene(using: &random)
            let picture = Picture(file: "single-\(index).png", scene: scene)
            pictures.append(picture)
            single.append(
                captioned(picture, id: "single-\(index)", by: writer, using: &random))
        }
    }

    private func captioned(
        _ picture: Picture, id: String, by writer: QuestionWriter, using random: inout SplitMix64
    ) -> DemoItem {
        let caption = writer.caption(of: picture.scene, using: &random)
        return DemoItem(
            id: id, image: picture.file, rounds: [("Describe the picture.", caption)])
    }

    private mutating func makeTraining() {
        var random = SplitMix64(seed: plan.seed &* 4 &+ 2)
        let (generator, writer) = (SceneGenerator(shapeCount: plan.shapes), QuestionWriter())
        for index in 0..<plan.trainingPictures {
            let scene = generator.scene(using: &random)
            let picture = Picture(file: "train-\(index).png", scene: scene)
            pictures.append(picture)
            alignment.append(
                captioned(picture, id: "caption-\(index)", by: writer, using: &random))
            let questions = writer.questions(about: scene, count: plan.rounds, using: &random)
            instruction.append(
                DemoItem(
                    id: "train-\(index)", image: picture.file,
                    rounds: questions.map { ($0.question, $0.answer) }))
        }
    }

    private mutating func makeHeldOut() {
        var random = SplitMix64(seed: plan.seed &* 4 &+ 3)
        let generator = SceneGenerator(shapeCount: plan.heldOutShapes)
        let writer = QuestionWriter()
        for index in 0..<plan.heldOutPictures {
            let scene = generator.scene(using: &random)
            let picture = Picture(file: "held-out-\(index).png", scene: scene)
            pictures.append(picture)
            for kind in QuestionKind.allCases {
                let asked = writer.question(of: kind, about: scene, using: &random)
                let id = "held-out-\(index)-\(kind.rawValue)"
                heldOut.append(
                    DemoItem(
                        id: id, image: picture.file, rounds: [(asked.question, asked.answer)]))
                heldOutQuestions.append(
                    HeldOutQuestion(
                        id: id, kind: kind, question: asked.question, answer: asked.answer))
            }
        }
    }
}
