public import MiphaFiles

/// A question of a benchmark as it is put to a model.
public struct Question: Sendable, Hashable {
    /// The id that the answer carries.
    public var id: QuestionID
    /// The whole user turn without image markers: question, options and format instruction.
    ///
    /// Images stand in front of it, as in LLaVA's `<image>\n{text}`.
    public var text: String
    /// The images it is about, none for a question without.
    public var pictures: [PictureSource]
    /// A label that LLaVA's question files carry, such as POPE's `random`; "default" without one.
    public var category: String
    /// The right answers, for reports; empty where the authors keep them.
    public var expected: [String]
    /// The prompt that is written beside the answer where it is not `text` (ScienceQA marks
    /// questions with an image in it).
    public var writtenPrompt: String?
    /// Further fields that the benchmark's answer lines carry.
    public var answerFields: JSONObject

    /// Makes a question.
    public init(
        id: QuestionID, text: String, pictures: [PictureSource] = [], category: String = "default",
        expected: [String] = [], writtenPrompt: String? = nil,
        answerFields: JSONObject = JSONObject()
    ) {
        self.id = id
        self.text = text
        self.pictures = pictures
        self.category = category
        self.expected = expected
        self.writtenPrompt = writtenPrompt
        self.answerFields = answerFields
    }

    /// Compares id, text and images, which make the question.
    public static func == (left: Self, right: Self) -> Bool {
        left.id == right.id && left.text.utf8.elementsEqual(right.text.utf8)
            && left.pictures == right.pictures
    }

    /// Hashes the id.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}

/// The instructions that LLaVA-1.5 appends to questions
/// (haotian-liu/LLaVA, `docs/Evaluation.md`, `llava/eval/`).
public enum PromptSuffix {
    /// For free short answers.
    public static let short = "\nAnswer the question using a single word or phrase."
    /// For lettered options.
    public static let letter =
        "\nAnswer with the option's letter from the given choices directly."
    /// For lettered options, Chinese.
    public static let letterChinese = "\n请直接回答选项字母。"
    /// Before `short`, where a question may have no answer.
    public static let unanswerable =
        "\nWhen the provided information is insufficient, respond with 'Unanswerable'."
}
