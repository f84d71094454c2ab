/// The text of docs/fields-benchmarks.md, made from the lists that readers check records with.
package enum FieldDocument {
    /// The document.
    package static func markdown(_ benchmarks: [any Benchmark]) -> String {
        var lines = [introduction, ""]
        lines += [
            "| kind | names |", "|---|---|",
            "| only a model's answer | \(code(AnswerField.modelNames.sorted())) |",
            "| only a right answer | \(code(AnswerField.rightNames.sorted())) |",
            "| fields of a question | \(code(AnswerField.questionNames.sorted())) |",
            "", "## Common names", "",
            "In answers these change nothing, unless a table lists them as used:",
            code(FieldList.besideAnswers.filter { !AnswerField.rightNames.contains($0) }) + ",",
            "and the names of right answers above.",
        ]
        for benchmark in benchmarks {
            lines += ["", "## \(benchmark.card.id)", ""]
            lines += ["| record | used | of no influence | refused |", "|---|---|---|---|"]
            lines += benchmark.fields.map(row)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ list: FieldList) -> String {
        let common = Set(FieldList.besideAnswers).subtracting(list.used)
        let isAnswers = common.isSubset(of: list.irrelevant)
        let rest = list.irrelevant.filter { !isAnswers || !common.contains($0) }
        let irrelevant = (isAnswers ? ["common names"] : []) + (rest.isEmpty ? [] : [code(rest)])
        let refused = list.refused.isEmpty ? "" : code(list.refused.map(\.name))
        return "| \(list.record) | \(code(list.used)) | \(irrelevant.joined(separator: ", ")) | "
            + "\(refused) |"
    }

    /// Names as code, the letters of all options as a range.
    private static func code(_ names: [String]) -> String {
        let letters = LetterAnswer.letters.map { String($0) }
        let hasAll = Set(letters).isSubset(of: names)
        let shown = names.filter { !hasAll || !letters.contains($0) }.map { "`\($0)`" }
        return (shown + (hasAll ? ["`A` … `Z`"] : [])).joined(separator: ", ")
    }

    private static let introduction = """
        # Fields of benchmark files

        What is read of each record of predictions, questions and annotations. The tables are made from
        the lists that the readers check records with; a test compares them
        (`MIPHA_WRITE_SNAPSHOTS=1 make test-core TEST_ARGS='--filter FieldListTests'` writes them anew).

        - **used**: read; a value of another kind than expected is an error.
        - **of no influence**: written by the authors or by tools, and no result depends on it.
        - **refused**: it would change results and is not honoured; an error names it, unless it is null.
        - Any other name is remarked on in the notes of the scores, once for each file.

        ## Which field is the model's answer

        Some names are used for the model's answer, for the right one, and for the question. The first
        rule that fits counts:

        1. A name that only a model's answer has goes before all others; `answer` beside it is the
           right one. Beside a `text` that says something else it is refused: one is perhaps the question.
        2. `text` is the answer where `prompt`, `answer_id` or `model_id` stand beside it. Without them
           a differing `answer`, or a name that only a model's answer has and that this reader does not
           take, is refused; so are LLaVA's question lines (`image`, `text` and `category`).
        3. `answer` is the model's, unless a name that only a model's answer has stands beside it, which
           this reader does not take, or fields of a question do and no name of a right answer. Then it
           is refused.

        A predictions file with the content of the annotations is refused unless rule 1 fits. Where all
        answers are letter by letter the right ones and stand under `answer` beside the question, a note
        asks whose they are.
        """
}
