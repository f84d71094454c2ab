import Foundation

/// What a run will cost, reported before it starts.
public struct JudgeEstimate: Sendable, Equatable {
    /// Prices in any currency for a million tokens.
    public struct Prices: Sendable, Equatable {
        /// For the tokens of prompts.
        public var prompt: Double
        /// For the tokens of replies.
        public var completion: Double

        /// Sets prices.
        public init(prompt: Double, completion: Double) {
            self.prompt = prompt
            self.completion = completion
        }
    }

    /// Requests to send; those that follow an unreadable reply are not counted.
    public var requests = 0
    /// Requests whose reply is in the cache.
    public var cached = 0
    /// Tokens of the prompts, estimated at four bytes each.
    public var promptTokens = 0
    /// Tokens of the replies at most.
    public var completionTokens = 0

    /// Makes an estimate of nothing.
    public init() {}

    /// The cost at most, in the currency of the prices.
    public func cost(_ prices: Prices) -> Double {
        (Double(promptTokens) * prices.prompt + Double(completionTokens) * prices.completion) / 1e6
    }

    /// One line for people.
    ///
    /// - Parameters:
    ///   - model: the judge.
    ///   - prices: nil for tokens only.
    public func line(model: String, prices: Prices?) -> String {
        var line =
            "judge \(model): \(requests) requests (\(cached) more answered before), about "
            + "\(promptTokens) prompt tokens and \(completionTokens) reply tokens if no reply has to be asked for again"
        if let prices {
            line += String(format: ", about %.2f", cost(prices))
        } else {
            line += "; no prices given, so no cost"
        }
        return line
    }
}
