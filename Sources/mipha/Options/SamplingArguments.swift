import ArgumentParser
import MiphaChat

/// Options about how an answer is drawn.
struct SamplingArguments: ParsableArguments {
    @Option(parsing: .unconditional, help: "The largest number of tokens of an answer.")
    var maxTokens = 1024

    @Option(parsing: .unconditional, help: "Divides the logits; 0 takes the most likely token.")
    var temperature = 0.0

    @Option(
        parsing: .unconditional,
        help: "Draw from the most likely tokens that together reach this probability.")
    var topP = 1.0

    @Option(parsing: .unconditional, help: "Draw from this many most likely tokens.")
    var topK: Int?

    @Option(help: "A text that ends the answer; may be repeated.")
    var stop: [String] = []

    /// The options as the engine takes them.
    func options(seed: UInt64?) -> SamplingOptions {
        SamplingOptions(
            maxTokens: maxTokens, temperature: temperature, topP: topP, topK: topK, seed: seed,
            stop: stop)
    }

    func validate() throws {
        do {
            try options(seed: nil).check()
        } catch {
            throw ValidationError(error.message)
        }
    }
}
