import MiphaModels
import MiphaTraining

/// The numbers of the tour: the model and its three phases.
package struct DemoRecipe: Sendable {
    /// Shape of the model, a few hundred thousand to a few million parameters.
    let model: MiphaConfig
    /// Data set.
    let data: DemoDataSet.Plan
    /// The phases in order; each starts from the model of the one before.
    ///
    /// Mipha's two stages start from a pretrained tower and language model. Nothing here is
    /// pretrained, so two phases come first. Images of one shape teach what shapes look like; captions
    /// of several then only have to teach which shape a word is about. Both at once are learned late,
    /// and not with every seed.
    let phases: [Phase]

    /// One training run of the tour.
    struct Phase: Sendable {
        let title: String
        let folder: String
        let stage: TrainingStage
        let template: String
        let dataFile: String
        let steps: Int
        let batchSize: Int
        let learningRate: Double
        let warmupRatio: Double
    }

    /// The share of right answers that is expected of a tour, whatever the seed and the machine.
    package static func accuracy(minutes: Double) -> Double {
        if minutes >= 2 { return 0.95 }
        return minutes >= 1 ? 0.6 : 0
    }

    /// The recipe for a time budget.
    ///
    /// - Parameters:
    ///   - minutes: about how long the training may take on two cores; 2 is what RESULTS.md reports.
    ///   - vocabulary: number of tokens of the tokenizer.
    init(minutes: Double, vocabulary: Int, seed: UInt64) {
        let share = min(max(minutes, 0.2), 60) / 1.5
        func steps(_ count: Double) -> Int { max(10, Int(count * share)) }
        model = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 128, intermediateSize: 512, layerCount: 3, headCount: 8, imageSize: 32,
                patchSize: 16, hasPoolingHead: false),
            language: PhiConfig(
                vocabularySize: (vocabulary + 63) / 64 * 64, hiddenSize: 128,
                intermediateSize: 512, layerCount: 3, headCount: 8, partialRotaryFactor: 0.5),
            imageAspectRatio: "square", maximumLength: 512)
        var plan = DemoDataSet.Plan()
        plan.seed = seed
        plan.singlePictures = min(steps(8_000), 24_000)
        plan.trainingPictures = min(steps(12_000), 40_000)
        data = plan
        phases = [
            Phase(
                title: "before stage 1, single shapes: the tower learns to see",
                folder: "0-shapes", stage: .instruct, template: "plain",
                dataFile: DemoDataSet.FileName.single, steps: steps(400), batchSize: 32,
                learningRate: 1e-3, warmupRatio: 0.05),
            Phase(
                title: "before stage 1, captions: the language model learns to look",
                folder: "0-captions", stage: .instruct, template: "plain",
                dataFile: DemoDataSet.FileName.alignment, steps: steps(530), batchSize: 64,
                learningRate: 1e-3, warmupRatio: 0.05),
            Phase(
                title: "stage 1, alignment: the projector learns to describe images",
                folder: "1-align", stage: .align, template: "plain",
                dataFile: DemoDataSet.FileName.alignment, steps: steps(30), batchSize: 32,
                learningRate: 1e-3, warmupRatio: 0.03),
            Phase(
                title: "stage 2, instructions: tower, projector and language model learn to answer",
                folder: "model", stage: .instruct, template: "phi",
                dataFile: DemoDataSet.FileName.instruction, steps: steps(670), batchSize: 24,
                learningRate: 6e-4, warmupRatio: 0.05),
        ]
    }
}
