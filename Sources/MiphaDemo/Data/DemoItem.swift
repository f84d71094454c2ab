/// One training or test item in LLaVA's conversation format.
package struct DemoItem: Codable, Sendable, Equatable {
    /// One turn of the conversation.
    package struct Turn: Codable, Sendable, Equatable {
        /// `human` or `gpt`.
        package let from: String

        /// The words of the turn; the first human turn of an image begins with `<image>`.
        package let value: String
    }

    /// A name that no other item of the file has.
    package let id: String

    /// The image's file name inside the image folder; items without an image lack the key.
    package let image: String?

    /// The turns, human and model in alternation.
    package let conversations: [Turn]

    /// Makes an item from questions and answers.
    ///
    /// - Parameters:
    ///   - id: the item's name.
    ///   - image: the image's file name, if there is an image.
    ///   - rounds: questions with their answers.
    package init(
        id: String, image: String?, rounds: [(question: String, answer: String)]
    ) {
        self.id = id
        self.image = image
        var turns: [Turn] = []
        for (index, round) in rounds.enumerated() {
            var question = round.question
            if index == 0, image != nil { question = "<image>\n" + question }
            turns.append(Turn(from: "human", value: question))
            turns.append(Turn(from: "gpt", value: round.answer))
        }
        conversations = turns
    }
}
