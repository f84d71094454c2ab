extension AI2D {
    static let lineFields = FieldList(
        "questions (test.jsonl)",
        used: ["question_id", "id", "question", "options", "answer", "image"],
        irrelevant: ["category", "prediction"], refused: FieldList.otherPictures)
    static let pictureFields = FieldList(
        "questions/IMAGE.json", used: ["imageName", "questions"])
    static let entryFields = FieldList(
        "questions/IMAGE.json, each question",
        used: ["answerTexts", "correctAnswer", "questionId", "abcLabel"])

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [.answerLines, Self.lineFields, Self.pictureFields, Self.entryFields]
    }
}

extension ChartQA {
    static let answerFields = FieldList.answers(
        "answers",
        used: [
            "question_id", "questionId", "id", "imgname", "image", "query", "question", "text",
            "answer", "prediction", "prompt", "annotation",
        ])
    static let questionFields = FieldList(
        "questions (test_human.json, test_augmented.json)", used: ["imgname", "query", "label"])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [Self.answerFields, Self.questionFields] }
}

extension Custom {
    static let questionFields = FieldList(
        "questions",
        used: [
            "question_id", "id", "text", "question", "answer", "answers", "conversations", "image",
            "images", "kind", "category",
        ],
        irrelevant: [
            "source", "split", "dataset", "metadata", "width", "height", "prediction",
        ],
        refused: FieldList.otherPictures + [
            (
                "system",
                "prompts are asked without a system turn; put the words into the question"
            )
        ])
    static let kindFields = FieldList(
        "NAME-kinds.json", used: ["question_id", "id", "kind"])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [.answerLines, Self.questionFields, Self.kindFields] }
}

extension DocVQA {
    static let fileFields = FieldList(
        "val_v1.0.json", used: ["data"],
        irrelevant: ["dataset_name", "dataset_version", "dataset_split"])
    static let questionFields = FieldList(
        "val_v1.0.json, each question",
        used: ["questionId", "question", "image", "answers", "question_types"],
        irrelevant: [
            "docId", "ucsf_document_id", "ucsf_document_page_no", "data_split", "other_metadata",
        ])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [.answerLines, Self.fileFields, Self.questionFields] }
}

extension GQA {
    static let questionFields = FieldList(
        "questions (testdev_balanced_questions.json)",
        used: ["question", "imageId", "isBalanced", "answer", "groups", "types", "semantic"],
        irrelevant: ["entailed", "equivalent", "semanticStr", "annotations", "fullAnswer"])
    static let choiceFields = FieldList(
        "choices (testdev_balanced_choices.json)", used: ["valid", "plausible"])
    static let answerFields = FieldList.answers(
        "answers: question_id and text, or questionId and prediction",
        used: ["question_id", "text", "questionId", "prediction", "prompt"],
        irrelevant: ["answer"])

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [Self.answerFields, Self.questionFields, Self.choiceFields, .questionLines]
    }
}

extension LLaVABench {
    static let reviewFields = FieldList(
        "reviews", used: ["question_id", "category", "content", "tuple", "score"],
        irrelevant: [
            "id", "review_id", "reviewer_id", "answer1_id", "answer2_id", "metadata", "model",
        ])
    static let contextFields = FieldList(
        "context.jsonl", used: ["image", "caption"], irrelevant: ["id"])
    static let referenceFields = FieldList(
        "answers_gpt4.jsonl", used: ["question_id", "text"],
        irrelevant: ["answer_id", "model_id", "metadata", "prompt", "category"])
    static let ruleFields = FieldList("rule.json, each rule", used: ["role", "prompt"])

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [
            .answerLines, Self.reviewFields, .questionLines, Self.contextFields,
            Self.referenceFields, Self.ruleFields,
        ]
    }
}

extension MMBench {
    private static let letters = LetterAnswer.letters.map { String($0) }
    static let tableFields = FieldList(
        "the table",
        used: [
            "index", "question", "hint", "answer", "category", "l2-category", "split", "image",
        ] + letters,
        irrelevant: ["source", "comment", "prediction"])
    static let answerFields = FieldList.answers(
        "answers (JSON)",
        used: [
            "question_id", "index", "text", "prediction", "prompt", "round_id", "options",
        ],
        irrelevant: ["answer", "hint", "source", "l2-category", "comment", "split"] + letters)
    static let predictionColumns = FieldList(
        "answers (xlsx, tsv, csv), columns", used: ["index", "prediction"],
        irrelevant: [
            "question", "hint", "answer", "category", "source", "l2-category", "comment", "split",
            "image", "Unnamed: 0",
        ] + letters)

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [Self.answerFields, Self.predictionColumns, Self.tableFields]
    }
}

extension MME {
    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [
            .answerLines,
            FieldList(
                "results of a task, columns in this order",
                used: ["picture", "question", "answer", "response"]),
            FieldList(
                "eval_tool's Your_Results, columns in this order",
                used: ["picture", "question", "answer"], irrelevant: ["response"]),
            FieldList("text of an image, columns in this order", used: ["question", "answer"]),
            .questionLines,
        ]
    }
}

extension MMMU {
    private static let pictures = (1...7).map { "image_\($0)" }
    static let answerFields = FieldList.answers(
        "answers",
        used: [
            "id", "question_id", "response", "text", "prompt", "question_type", "all_choices",
            "index2ans", "answer",
        ],
        irrelevant: ["parsed_pred", "explanation", "img_type", "topic_difficulty", "subfield"]
            + pictures)
    static let truthFields = FieldList(
        "answer_dict_val.json, each question", used: ["question_type", "ground_truth"])
    static let questionFields = FieldList(
        "the data set's rows, or LLaVA's question lines",
        used: ["id", "question", "options", "question_type", "answer"] + pictures
            + ["question_id", "text", "image", "category"],
        irrelevant: ["explanation", "img_type", "topic_difficulty", "subfield"],
        refused: ["image_8", "image_9", "image_10"].map {
            ($0, "questions of MMMU have up to seven images, image_1 to image_7")
        } + FieldList.otherPictures)

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [Self.answerFields, Self.truthFields, Self.questionFields]
    }
}

extension MMVet {
    static let questionFields = FieldList(
        "mm-vet.json, each question", used: ["imagename", "question", "answer", "capability"],
        irrelevant: ["imagesource"])
    static let gradeFields = FieldList(
        "grades, each question", used: ["score", "content"], irrelevant: ["model"])

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [.answerLines, Self.gradeFields, Self.questionFields, .questionLines]
    }
}

extension POPE {
    static let labelFields = FieldList(
        "labels (coco_pope_*.json)", used: ["image", "text", "label"],
        irrelevant: ["question_id"])
    static let answerFields = FieldList.answers(
        "answers: question_id and text, or question and answer",
        used: ["question_id", "text", "question", "answer", "prompt"])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [Self.answerFields, Self.labelFields, .questionLines] }
}

extension SEEDBench {
    static let fileFields = FieldList(
        "SEED-Bench.json", used: ["questions", "question_type"])
    static let questionFields = FieldList(
        "SEED-Bench.json, each question",
        used: [
            "question_id", "question_type_id", "data_type", "data_id", "question", "answer",
            "choice_a", "choice_b", "choice_c", "choice_d",
        ],
        irrelevant: ["segment"])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [.answerLines, Self.fileFields, Self.questionFields] }
}

extension ScienceQA {
    static let problemFields = FieldList(
        "problems.json, each problem",
        used: ["question", "choices", "answer", "hint", "image", "subject", "grade"],
        irrelevant: ["task", "topic", "category", "skill", "lecture", "solution", "split"])
    static let splitFields = FieldList(
        "pid_splits.json", used: ["test", "train"],
        irrelevant: ["val", "trainval", "minitrain", "minival", "minitest"])
    static let resultFields = FieldList(
        "the authors' result file", used: ["results", "outputs"],
        irrelevant: ["acc", "correct", "count"])

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [.answerLines, Self.resultFields, Self.problemFields, Self.splitFields]
    }
}

extension TextVQA {
    static let answerFields = FieldList.answers(
        "answers", used: ["question_id", "image_id", "text", "answer", "prompt"])
    static let wordFields = FieldList(
        "TextVQA_Rosetta_OCR_v0.2_val.json, each image", used: ["image_id", "ocr_tokens"],
        irrelevant: ["ocr_info", "set_name", "image_width", "image_height"])

    /// What is read of each kind of record.
    package var fields: [FieldList] {
        [Self.answerFields, .vqaAnnotations, .questionLines, Self.wordFields]
    }
}

extension VQAv2 {
    static let answerFields = FieldList.answers(
        "answers", used: ["question_id", "text", "answer", "prompt"])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [Self.answerFields, .vqaAnnotations, .questionLines] }
}

extension VizWiz {
    static let answerFields = FieldList.answers(
        "answers", used: ["image", "question_id", "text", "answer", "prompt"])

    /// What is read of each kind of record.
    package var fields: [FieldList] { [Self.answerFields, .vqaAnnotations, .questionLines] }
}
