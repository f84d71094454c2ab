package import MiphaChat

/// A request that is ready for the model.
package struct PreparedRequest: Sendable {
    /// The input of the model.
    package let prompt: GenerationPrompt
    /// The sampling options of the answer.
    package let sampling: SamplingOptions
    /// Seconds spent so far.
    package let timings: ChatTimings

    package init(
        prompt: GenerationPrompt, sampling: SamplingOptions, timings: ChatTimings = ChatTimings()
    ) {
        self.prompt = prompt
        self.sampling = sampling
        self.timings = timings
    }
}
