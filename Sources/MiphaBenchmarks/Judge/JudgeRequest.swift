/// What a judge is asked: a chat completion.
public struct JudgeRequest: Sendable, Hashable {
    /// One message of the chat.
    public struct Message: Sendable, Hashable {
        /// `system` or `user`.
        public let role: String
        /// The text.
        public let text: String

        /// Makes a message.
        public init(role: String, text: String) {
            self.role = role
            self.text = text
        }
    }

    /// The messages in order.
    public var messages: [Message]
    /// The sampling temperature.
    public var temperature: Double
    /// The longest reply, in tokens.
    public var maxTokens: Int
    /// Distinguishes otherwise equal requests, so that every run of several gets a reply of its own.
    public var run: Int

    /// Makes a request.
    public init(messages: [Message], temperature: Double, maxTokens: Int, run: Int = 0) {
        self.messages = messages
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.run = run
    }

    /// About how many tokens the messages have: one for four bytes of UTF-8, four for each message.
    public var estimatedTokens: Int {
        messages.reduce(3) { $0 + ($1.text.utf8.count + 3) / 4 + 4 }
    }

    /// Compares by code points, not by canonical equivalence.
    public static func == (left: Self, right: Self) -> Bool {
        left.temperature == right.temperature && left.maxTokens == right.maxTokens
            && left.run == right.run && left.messages.count == right.messages.count
            && zip(left.messages, right.messages).allSatisfy {
                $0.role == $1.role && PythonText.equal($0.text, $1.text)
            }
    }
}
