import ArgumentParser
import MiphaChat
import MiphaData
import MiphaFolders
import MiphaInference
import MiphaModels

/// Losses of training samples.
struct Loss: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compute the loss of training samples, and gradients, without an update.",
        discussion: """
            EXAMPLE:
              mipha loss Mipha-3B --data a.json --images DIR --output a.safetensors

            Writes loss [samples] float32: for each sample the mean cross-entropy in nats over its \
            supervised tokens, 0 where there are none, without dropout. --gradients adds \
            grad.<parameter name> of the mean of these losses over all samples; parameters that no \
            loss depends on have none.
            """)

    @OptionGroup var source: ModelArguments

    @Option(help: "LLaVA conversations: a JSON array, or one object on each line.")
    var data: String

    @Option(help: "The folder that image paths are relative to.")
    var images: String?

    @Option(help: "The safetensors file to write.")
    var output: String

    @Flag(help: "Also write gradients by parameter name.")
    var gradients = false

    @OptionGroup var prompts: TemplateOption

    @OptionGroup(title: "Common options") var common: CommonOptions

    func run() throws {
        let choice = try common.start()
        let folder = try source.folder(for: "mipha loss", common, choice)
        let samples = try samples(folder)
        let network = try folder.model(dtype: choice.dtype, device: choice.device)
        let count = samples.count
        var probe = try LossProbe(network, sampleCount: count, gradients: gradients)
        let interruption = Interruption()
        var bar = ProgressBar(
            "loss", total: count, unit: "samples", output: common.logging.output)
        defer { bar.finish() }
        for index in 0..<count {
            try interruption.check()
            let sample = try samples.sample(index)
            let loss = try probe.add(
                EncodedSample(ids: sample.ids, labels: sample.labels),
                images: sample.images.compactMap(\.prepared))
            bar.update(index + 1, note: "loss \(loss)")
        }
        try TensorFile.write(probe.tensors(), to: output)
    }

    /// The samples as training reads them.
    private func samples(_ folder: ModelFolder) throws -> TrainingDataSet {
        let prompts = try PromptParts(folder, template: prompts.chosen(), answers: false)
        for line in prompts.notes { common.logging.output.relay(line) }
        let encoder = try ConversationEncoder(
            tokenizer: prompts.tokenizer,
            template: prompts.template,
            options: EncodingOptions(maximumLength: folder.config.maximumLength))
        let index = try SampleIndex([ConversationSource(file: data, imageFolder: images ?? "")])
        if let keys = index.unknownKeyNote { common.logging.output.note("warning: \(keys)") }
        return TrainingDataSet(index, encoder: encoder, preparer: prompts.preparer)
    }
}
