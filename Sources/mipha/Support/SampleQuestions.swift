import MiphaChat
import MiphaFiles
import MiphaFolders
import MiphaInference
import MiphaModels
import MiphaTraining

/// The sample questions of a training run, encoded and ready to be asked.
struct SampleQuestions {
    private let questions: FixedQuestions

    /// Reads questions and images; `nil` for a run that asks nothing.
    init?(_ run: RunConfiguration) throws {
        guard run.sampling.steps > 0 else { return nil }
        let requests = run.sampling.prompts.map { prompt in
            ChatRequest(
                prompt.text,
                images: prompt.images.map { .file(FileSystem.path($0, from: run.imageFolder)) },
                sampling: SamplingOptions(maxTokens: run.sampling.maximumTokens))
        }
        let folder = try ModelFolder(
            run.model, imageSize: run.imageSize, for: "mipha train with sample_prompts")
        questions = try FixedQuestions(
            requests, folder: folder,
            template: run.template(of: folder),
            aspectRatio: run.resolvedAspectRatio)
    }

    /// The model's answers.
    func answers(of model: MiphaModel) throws -> [String] { try questions.answers(of: model) }
}
