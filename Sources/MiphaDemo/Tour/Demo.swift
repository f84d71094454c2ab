import Foundation
import MiphaEvaluation
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTokenizers
import MiphaTorch
import MiphaTraining

/// The two-minute tour: data, both training stages, and answers about images never seen.
///
/// ```
/// OUTPUT/tour.json   the settings
/// OUTPUT/data/       images and LLaVA JSON
/// OUTPUT/0-start/    the model before training
/// OUTPUT/0-shapes/, 0-captions/, 1-align/, model/   a training run each; the last is the result
/// OUTPUT/evaluation/ answers and scores on unseen images
/// OUTPUT/score.json  accuracy by kind of question, beside guesses without the image
/// OUTPUT/report.html, report.md
/// ```
package struct Demo {
    /// A step of the tour.
    package enum Event {
        /// A new part begins.
        case part(String)
        /// `done` of `total` units of the part are complete.
        case progress(done: Int, total: Int, unit: String, note: String)
    }

    /// An answer to show.
    package struct Example: Sendable {
        /// Image file.
        package let image: String
        /// The question.
        package let question: String
        /// The model's answer.
        package let answer: String
        /// The right answer.
        package let expected: String
    }

    /// The result.
    package struct Result: Sendable {
        /// Accuracy by kind of question.
        package let score: DemoScore
        /// The result that is lower than expected of a tour of its length, if any.
        package let shortfall: String?
        /// Three answers.
        package let examples: [Example]
        /// The trained model's folder.
        package let model: String
        /// The report for a browser.
        package let reportFile: String
        /// Number of parameters.
        package let parameterCount: Int
        /// Duration in seconds.
        package let seconds: Double
    }

    private let output: String
    private let recipe: DemoRecipe
    private let tokenizer: Tokenizer
    private let seed: UInt64
    private let minutes: Double

    /// Prepares a tour.
    ///
    /// - Parameters:
    ///   - output: folder to fill; a tour that was begun there with the same settings goes on.
    ///   - minutes: about how long it may take on two cores.
    package init(output: String, minutes: Double, seed: UInt64) throws {
        self.output = output
        self.seed = seed
        self.minutes = minutes
        tokenizer = try Tokenizer(
            tokenizerJSON: PackageResources.tokenizer_json, name: "the demo's tokenizer")
        recipe = DemoRecipe(minutes: minutes, vocabulary: tokenizer.count, seed: seed)
    }

    /// Runs the tour.
    ///
    /// - Parameters:
    ///   - shouldStop: asked between updates; true ends the tour with `CancellationError`.
    ///   - report: called with what is going on.
    package func run(
        shouldStop: @escaping @Sendable () -> Bool, report: @escaping @Sendable (Event) -> Void
    ) async throws -> Result {
        let began = ContinuousClock.now
        try claimOutput()
        let data = DemoDataSet(plan: recipe.data)
        let dataFolder = "\(output)/data"
        report(.part("drawing \(data.pictures.count) images"))
        try data.write(to: URL(filePath: dataFolder)) {
            report(.progress(done: $0, total: data.pictures.count, unit: "images", note: ""))
        }
        let start = "\(output)/0-start"
        try writeStart(start)
        var model = start
        for phase in recipe.phases {
            report(.part(phase.title))
            model = try train(
                phase, from: model, data: dataFolder, shouldStop: shouldStop, report: report)
        }
        report(.part("answering questions about \(recipe.data.heldOutPictures) unseen images"))
        let evaluation = DemoEvaluation(model: model, dataFolder: dataFolder, output: output)
        let tested = try await evaluation.run(isStopped: shouldStop) { done, total in
            report(.progress(done: done, total: total, unit: "questions", note: ""))
        }
        let score = data.score(tested.result.score)
        try write(score)
        return Result(
            score: score, shortfall: score.shortfall(below: DemoRecipe.accuracy(minutes: minutes)),
            examples: examples(data, tested.answers, evaluation.imageFolder),
            model: model, reportFile: evaluation.reportFile, parameterCount: tested.parameterCount,
            seconds: (ContinuousClock.now - began) / .seconds(1))
    }

    /// Refuses a folder that holds a tour with other settings, and notes those of this one.
    private func claimOutput() throws {
        let file = "\(output)/tour.json"
        let mine: JSONValue = ["minutes": .double(minutes), "seed": .string("\(seed)")]
        if FileManager.default.fileExists(atPath: file), try JSONValue(contentsOf: file) != mine {
            throw DemoError(
                .plan,
                "\(output) holds a tour with another --minutes or --seed; give the same ones to go "
                    + "on, or another --output")
        }
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        try mine.write(to: file)
    }

    /// Writes the untrained model's folder.
    private func writeStart(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let generator = try RandomGenerator(seed: seed)
        let model = try MiphaModel(
            recipe.model,
            source: FanInSource(generator: generator, layers: recipe.model.language.layerCount))
        try model.save(to: folder)
        try tokenizer.write(to: folder)
        try AtomicFile.write(
            ImageProcessor.siglip(size: recipe.model.vision.inputs[0].width).encoded(),
            to: "\(folder)/preprocessor_config.json")
    }

    private func train(
        _ phase: DemoRecipe.Phase, from model: String, data: String,
        shouldStop: () -> Bool, report: (Event) -> Void
    ) throws -> String {
        var run = RunConfiguration()
        run.model = model
        run.outputFolder = "\(output)/\(phase.folder)"
        run.stage = phase.stage
        run.template = phase.template
        run.dataFiles = ["\(data)/\(phase.dataFile)"]
        run.imageFolder = "\(data)/\(DemoDataSet.FileName.images)"
        run.aspectRatio = .square
        run.maximumLength = 512
        run.maximumSteps = phase.steps
        run.batchSize = phase.batchSize
        run.learningRate = phase.learningRate
        run.warmupRatio = phase.warmupRatio
        run.maximumGradientNorm = 1
        run.saveSteps = 200
        run.seed = seed
        let outcome = try Trainer(run, on: .cpu, resume: .auto).train(shouldStop: shouldStop) {
            progress in
            report(
                .progress(
                    done: progress.step, total: progress.totalSteps, unit: "updates",
                    note: progress.summary))
        }
        if case .stopped = outcome { throw CancellationError() }
        return run.outputFolder
    }

    private func write(_ score: DemoScore) throws {
        let lines = score.lines.map { line -> JSONValue in
            [
                "kind": .string(line.kind.rawValue), "questions": .integer(line.questions),
                "accuracy": .double(line.accuracy), "blind": .double(line.blind),
            ]
        }
        let object: JSONValue = [
            "accuracy": .double(score.accuracy), "blind": .double(score.blind),
            "kinds": .array(lines),
        ]
        try object.write(to: "\(output)/score.json")
    }

    /// Questions of different kinds about three images.
    private func examples(
        _ data: DemoDataSet, _ answers: [String], _ images: String
    ) -> [Example] {
        [QuestionKind.describe, .exists, .colours].enumerated().compactMap { index, kind in
            let places = data.heldOutQuestions.indices.filter {
                data.heldOutQuestions[$0].kind == kind
            }
            guard index < places.count else { return nil }
            let place = places[index]
            let asked = data.heldOutQuestions[place]
            return Example(
                image: "\(images)/\(data.heldOut[place].image ?? "")", question: asked.question,
                answer: answers[place], expected: asked.answer)
        }
    }
}
