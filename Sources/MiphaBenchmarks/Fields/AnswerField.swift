import MiphaFiles

/// Which field of a record holds the model's answer.
///
/// Files of many tools hold the right answer beside the model's, and some names are used for both.
/// The right answer and the question are never taken for what a model said:
/// - a name that only a model's answer has, such as `prediction`, goes before `answer`, which is
///   then the right one;
/// - `text` is the answer of LLaVA's lines, whose question stands in `prompt`; in LLaVA's question
///   files, and beside another answer, it may be the question;
/// - `answer` is the model's in uploads, and in records that hold the right answer under a name
///   that only a right answer has; beside the fields of a question it may be the right one.
///
/// What is not certain is an error that names the fields.
struct AnswerField {
    /// A field that a record has.
    struct Candidate {
        let name: String
        /// Its text; nil for another kind of value.
        let text: String?
        /// The kind of value in words.
        let kind: String
    }

    /// The name of the field.
    let name: String
    /// The answer.
    let text: String

    private static let text = "text"
    private static let answer = "answer"

    /// Names that only a model's answer has.
    static let modelNames: Set<String> = [
        "prediction", "predictions", "pred", "predict", "predicted", "predicted_answer",
        "pred_answer", "pred_response", "response", "responses", "model_response", "model_answer",
        "model_output", "output", "outputs", "generated", "generated_text", "generation",
        "completion", "resps", "filtered_resps", "hypothesis",
    ]
    /// Names that only a right answer has.
    static let rightNames: Set<String> = [
        "label", "labels", "gt", "gts", "gt_answer", "gt_answers", "gt_response", "ground_truth",
        "groundtruth", "ground_truths", "target", "targets", "annotation", "right_answer",
        "correct_answer", "correct", "reference", "references", "expected", "gold", "gold_answer",
        "answer_gt", "multiple_choice_answer",
    ]
    /// Names that the fields of a question have, beside which `answer` may be the right one.
    static let questionNames: Set<String> = [
        "options", "choices", "choice_a", "choice_b", "answers", "all_choices", "index2ans",
        "explanation", "rationale", "lecture", "solution", "question_types", "question_type_id",
        "isBalanced", "fullAnswer", "capability",
    ]
    /// Names by which LLaVA's answer lines are recognised.
    private static let lineNames: Set<String> = ["prompt", "answer_id", "model_id"]
    /// The names of LLaVA's question lines.
    private static let questionLine: Set<String> = ["image", "text", "category"]

    private static let names = modelNames.union(rightNames).union(questionNames)
        .union(lineNames).union(questionLine).union([answer])

    /// Whether a name has a part in the choice.
    static func matters(_ name: String) -> Bool { names.contains(name) }

    /// The model's answer of an object; nil when it has none of the names.
    ///
    /// - Parameters:
    ///   - accepted: the names that the reader takes, the best first.
    ///   - place: where the object stands, for messages.
    /// - Throws: `EvaluationError` naming the fields that are not certain, or the kind of value
    ///   of an answer that is not a text.
    static func of(
        _ object: JSONObject, _ accepted: [String], _ place: String
    ) throws(EvaluationError) -> AnswerField? {
        let candidates = object.members.filter { matters($0.key) }.map { member in
            Candidate(
                name: member.key, text: member.value.stringValue, kind: member.value.kind)
        }
        return try choose(among: candidates, accepted, place)
    }

    /// Chooses among the fields of a record for which ``matters(_:)`` holds.
    ///
    /// - Throws: as ``of(_:_:_:)``.
    static func choose(
        among candidates: [Candidate], _ accepted: [String], _ place: String
    ) throws(EvaluationError) -> AnswerField? {
        let own = accepted.lazy.filter { modelNames.contains($0) }.compactMap { name in
            candidates.first { $0.name == name }
        }.first
        let others = candidates.filter { modelNames.contains($0.name) && own == nil }
        let line = accepted.contains(text) ? candidates.first { $0.name == text } : nil
        let stated = accepted.contains(answer) ? candidates.first { $0.name == answer } : nil
        let rivals: [Candidate]
        let chosen: Candidate
        if let own {
            (chosen, rivals) = (own, line.map { [$0] } ?? [])
        } else if let line {
            let isLine = candidates.contains { lineNames.contains($0.name) }
            (chosen, rivals) = (
                line, isLine ? [] : candidates.filter { $0.name == answer } + others
            )
            if !isLine { try requireNoQuestion(candidates, place) }
        } else if let stated {
            let isMarked = candidates.contains { rightNames.contains($0.name) }
            (chosen, rivals) = (
                stated,
                others + (isMarked ? [] : candidates.filter { questionNames.contains($0.name) })
            )
        } else {
            return nil
        }
        let differing = rivals.filter { rival in
            guard let one = rival.text, let other = chosen.text else { return true }
            return !PythonText.equal(one, other)
        }
        guard differing.isEmpty else { throw uncertain(chosen, differing, accepted, place) }
        guard let said = chosen.text else {
            throw EvaluationError(
                .wrongFile,
                "\(place): expected a text under \"\(chosen.name)\", the model's answer, found "
                    + chosen.kind)
        }
        return AnswerField(name: chosen.name, text: said)
    }

    /// Refuses a line of LLaVA's question files, whose `text` is the question.
    private static func requireNoQuestion(
        _ candidates: [Candidate], _ place: String
    ) throws(EvaluationError) {
        guard questionLine.isSubset(of: candidates.map(\.name)) else { return }
        throw EvaluationError(
            .wrongFile,
            "\(place): image, text and category without a prompt are a line of LLaVA's question "
                + "files, whose text is the question; expected answers (LLaVA's lines have "
                + "question_id, prompt and text)")
    }

    private static func uncertain(
        _ chosen: Candidate, _ others: [Candidate], _ accepted: [String], _ place: String
    ) -> EvaluationError {
        let names = ([chosen] + others).map { "\"\($0.name)\"" }.joined(separator: " and ")
        let best = accepted.first { modelNames.contains($0) } ?? accepted[0]
        let also = best == text ? ", with the question under \"prompt\"," : ""
        return EvaluationError(
            .wrongFile,
            "\(place): the fields \(names) do not say which is the model's answer and which the "
                + "right one or the question; expected the model's answer under \"\(best)\"\(also) "
                + "without the others")
    }
}
