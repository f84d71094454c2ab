extension FieldList {
    /// What tools write beside a model's answer, and names of right answers, which are those of the
    /// annotations.
    static let besideAnswers =
        [
            "answer_id", "model_id", "model", "metadata", "round_id", "options", "option_char",
            "question", "query", "image", "category", "question_type", "all_choices", "index2ans",
            "key", "tokens", "finish_reason",
        ] + AnswerField.rightNames.sorted()

    /// Answer lines of LLaVA, and what most benchmarks' own formats use.
    static let answerLines = FieldList(
        "answers",
        used: ["question_id", "questionId", "id", "text", "answer", "prediction", "prompt"],
        irrelevant: besideAnswers)

    /// The answers to a benchmark whose reader takes other names, too.
    ///
    /// - Parameters:
    ///   - used: names that this reader takes.
    ///   - irrelevant: names that change nothing, beside those of all answers.
    static func answers(
        _ record: String, used: [String], irrelevant: [String] = []
    ) -> FieldList {
        FieldList(
            record, used: used,
            irrelevant: (irrelevant + besideAnswers).filter { !used.contains($0) })
    }

    /// Question files in LLaVA's form.
    static let questionLines = FieldList(
        "LLaVA's question lines", used: ["question_id", "image", "text", "category"])

    /// Annotations and questions in the form of the VQA tools.
    static let vqaAnnotations = FieldList(
        "questions and annotations",
        used: [
            "question_id", "questionId", "image_id", "image", "question", "question_type",
            "answer_type", "answers",
        ],
        irrelevant: [
            "multiple_choice_answer", "answerable", "image_classes", "flickr_original_url",
            "flickr_300k_url", "image_width", "image_height", "question_tokens", "set_name",
        ])

    /// Names under which other tools give an image, which would be left out.
    static let otherPictures = [
        "image_path", "image_file", "image_url", "img", "img_path", "picture", "pictures",
        "image_paths", "video", "videos", "audio",
    ].map { (name: $0, reason: "give the file's name under \"image\", or a list of names") }
}
