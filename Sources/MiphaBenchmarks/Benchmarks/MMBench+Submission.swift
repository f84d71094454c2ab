import MiphaFiles

extension MMBench {
    private static let leftOut: Set<String> = [
        "hint", "category", "source", "image", "comment", "l2-category",
    ]

    /// The workbook for MMBench's server: the table without hint, category, source, image, comment
    /// and l2-category, with a column `prediction` before the seventh of those left.
    ///
    /// Rows without an answer have an empty prediction. Other than LLaVA's script, which needs all
    /// six columns to drop, those that a release lacks are not missed.
    ///
    /// Reference: haotian-liu/LLaVA, `scripts/convert_mmbench_for_submission.py`.
    package func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission? {
        let file = try file(files)
        let known = try MMBenchTable(file, title: card.title, needs: .upload)
        let answers = try MMBenchPredictions(predictions, table: known, title: card.title)
        var table = try file.table()
        let columns = table.columns.filter { !Self.leftOut.contains($0) }
        let place = min(6, columns.count)
        do throws(FileError) {
            var writer = try SpreadsheetWriter()
            var names = columns
            names.insert("prediction", at: place)
            try writer.append(names.map { .text($0) })
            while let row = try table.next() {
                var cells: [SpreadsheetCell] = []
                var index: Int?
                for column in columns {
                    let text = try row.value(column)
                    if column == "index" {
                        index = text.flatMap { Int($0) ?? MMBenchTable.integer($0) }
                        cells.append(index.map { .integer($0) } ?? .blank)
                    } else {
                        cells.append(SpreadsheetCell(text))
                    }
                }
                let answer = index.flatMap { answers.texts[$0] }
                cells.insert(SpreadsheetCell(answer), at: place)
                try writer.append(cells)
            }
            return Submission(name: Self.submissionName(file.name), bytes: try writer.finished())
        } catch {
            throw EvaluationError(error)
        }
    }

    /// The name of the table with the suffix of a workbook.
    private static func submissionName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? "mmbench"
        return (name.hasSuffix(".tsv") ? String(name.dropLast(4)) : name) + ".xlsx"
    }
}
