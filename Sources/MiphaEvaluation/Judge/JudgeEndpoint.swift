public import Foundation
public import MiphaBenchmarks

/// Where a judge answers and how patiently it is asked.
public struct JudgeEndpoint: Sendable {
    /// The address before `/chat/completions`, such as `https://api.openai.com/v1`.
    public var base: URL
    /// The model to ask.
    public var model: String
    /// The environment variable that holds the key.
    public var keyVariable: String
    /// The key; nil sends none, as local servers need none.
    ///
    /// Never written anywhere.
    var key: String?
    /// How many requests are on the way at once.
    public var concurrency = 4
    /// How often a request is sent again after a failure that may pass.
    public var retries = 6
    /// The wait before the first repetition, in seconds; doubled every time, up to a minute.
    public var firstWait = 1.0
    /// The longest wait that a server's `Retry-After` may ask for, in seconds.
    public var longestWait = 300.0
    /// How long a reply may take, in seconds.
    public var timeout = 120.0
    /// The name of the token limit: `max_tokens`, or `max_completion_tokens` for newer models.
    public var limitKey = "max_tokens"

    /// Describes an endpoint and reads its key from the environment.
    ///
    /// - Parameters:
    ///   - base: the address before `/chat/completions`.
    ///   - model: the model to ask.
    ///   - keyVariable: the environment variable that holds the key.
    ///   - environment: the environment.
    /// - Throws: `EvaluationError` when the address is none, or a remote one is to be asked without
    ///   a key or with the key in the clear.
    public init(
        base: String = "https://api.openai.com/v1", model: String,
        keyVariable: String = "OPENAI_API_KEY",
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(EvaluationError) {
        let trimmed = PythonText.rstrip(base, "/")
        guard let url = URL(string: trimmed), let host = url.host(),
            url.scheme == "https" || url.scheme == "http"
        else {
            throw EvaluationError(
                .invalidRequest,
                "judge: expected an address such as https://api.openai.com/v1, found \"\(base)\"")
        }
        let isLocal = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        let key = environment[keyVariable].map { PythonText.strip($0) } ?? ""
        guard isLocal || !key.isEmpty else {
            throw EvaluationError(
                .invalidRequest,
                "judge: the environment variable \(keyVariable) is not set; expected the key of "
                    + host)
        }
        guard isLocal || url.scheme == "https" else {
            throw EvaluationError(
                .invalidRequest,
                "judge: expected https for \(host), found http, which would send the key in clear")
        }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw EvaluationError(
                .invalidRequest,
                "judge: the key in \(keyVariable) has whitespace or characters beyond ASCII inside")
        }
        self.base = url
        self.model = model
        self.keyVariable = keyVariable
        self.key = key.isEmpty ? nil : key
    }
}
