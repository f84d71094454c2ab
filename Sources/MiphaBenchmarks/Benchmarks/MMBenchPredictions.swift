import MiphaFiles

/// The answers to MMBench by index.
struct MMBenchPredictions {
    /// The answers.
    private(set) var texts: [Int: String] = [:]
    /// Number of answers of LLaVA's further rounds, which are not read.
    private(set) var furtherRounds = 0

    private let path: String
    private let predictions: Predictions
    private let table: MMBenchTable
    private let title: String
    private var places: [Int: String] = [:]
    private var unknown: [Int] = []

    init(
        _ predictions: Predictions, table: MMBenchTable, title: String
    ) throws(EvaluationError) {
        path = predictions.path
        self.predictions = predictions
        self.table = table
        self.title = title
        switch try Self.form(of: path) {
        case .spreadsheet: try readSpreadsheet()
        case .table: try readTable()
        case .json: try readJSON()
        }
        if !unknown.isEmpty {
            throw EvaluationError(
                .mismatch,
                "\(path): \(unknown.count) answers are to rows that \(table.name) lacks, such as "
                    + Matching.first(unknown.map { QuestionID($0) }))
        }
        if texts.isEmpty {
            throw EvaluationError(
                .wrongFile, "\(path): no answers; expected predictions for \(title)")
        }
    }

    private enum Form {
        case spreadsheet, table, json
    }

    private static func form(of path: String) throws(EvaluationError) -> Form {
        let start: [UInt8]
        var source = try SourceFile(path: path).open()
        do throws(FileError) {
            start = try source.read(upTo: 1 << 16)
        } catch {
            throw EvaluationError(error)
        }
        if start.starts(with: [0x50, 0x4B]) { return .spreadsheet }
        let isMarked = start.starts(with: [0xEF, 0xBB, 0xBF])
        let first = start.dropFirst(isMarked ? 3 : 0).first { $0 > 0x20 }
        guard let first else {
            throw EvaluationError(
                .malformedFile, "\(path): the file is empty; expected predictions")
        }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? .json : .table
    }

    private mutating func add(
        _ index: Int, _ text: String, _ place: String
    ) throws(EvaluationError) {
        guard table.row(index) != nil else {
            unknown.append(index)
            return
        }
        if let earlier = texts[index], !PythonText.equal(earlier, text) {
            throw EvaluationError(
                .mismatch,
                "row \(index) of \(title) has two different answers, at "
                    + "\(places[index] ?? path) and \(place)")
        }
        texts[index] = text
        places[index] = place
    }

    // MARK: LLaVA

    private mutating func readJSON() throws(EvaluationError) {
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            let id = (element["question_id"] ?? element["index"]).flatMap(QuestionID.init)
            guard let index = id.flatMap({ Int($0.text) }),
                let object = element.objectValue,
                let text = try predictions.answer(of: object, ["text", "prediction"], place)
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected \(title) predictions, LLaVA's lines with question_id and "
                        + "text or a table of index and prediction; found "
                        + element.found)
            }
            try predictions.watch.check(object, MMBench.answerFields, in: path, place)
            if let round = element["round_id"]?.integerValue, round > 0 {
                furtherRounds += 1
                return
            }
            try check(element["options"], of: index, place)
            try add(index, text, place)
        }
    }

    /// Compares the options that an answer line carries with the row's.
    private func check(
        _ options: JSONValue?, of index: Int, _ place: String
    ) throws(EvaluationError) {
        guard let asked = options?.arrayValue?.compactMap(\.stringValue),
            asked.count == options?.arrayValue?.count, let row = table.row(index)
        else { return }
        guard asked.elementsEqual(row.shownOptions, by: PythonText.equal) else {
            throw EvaluationError(
                .mismatch,
                "\(place): row \(index) was asked with other options than \(table.name) has: "
                    + asked.map { "\"\($0.prefix(30))\"" }.joined(separator: ", ")
                    + "; is it the table of another release or language?")
        }
    }

    // MARK: Tables

    private mutating func add(
        index: String?, prediction: String?, _ place: String
    ) throws(EvaluationError) {
        guard let index, let number = Int(index) ?? MMBenchTable.integer(index) else {
            throw EvaluationError(
                .malformedFile,
                "\(place): expected a number as index, found \"\((index ?? "").prefix(40))\"")
        }
        guard let prediction, !prediction.isEmpty else { return }
        // pandas reads some texts as missing, whose str() is "nan".
        try add(
            number, DelimitedTable.pandasMissing.contains(prediction) ? "nan" : prediction, place)
    }

    private func wrongColumns(_ found: [String]) -> EvaluationError {
        EvaluationError(
            .wrongFile,
            "\(path): expected \(title) predictions with the columns index and prediction, found "
                + found.prefix(24).joined(separator: ", "))
    }

    private mutating func readTable() throws(EvaluationError) {
        let file = SourceFile(path: path)
        var table = try file.table()
        do throws(FileError) {
            try table.require(["index", "prediction"])
        } catch {
            throw EvaluationError(
                .wrongFile,
                "expected \(title) predictions with the columns index and prediction; "
                    + error.message)
        }
        predictions.watch.check(
            columns: table.columns, MMBench.predictionColumns, in: path)
        while true {
            let fields: (index: String, prediction: String, line: Int)
            do throws(FileError) {
                guard let row = try table.next() else { break }
                fields = (try row.text("index"), try row.text("prediction"), row.line)
            } catch {
                throw EvaluationError(error)
            }
            try add(
                index: fields.index, prediction: fields.prediction, "\(path):\(fields.line)")
        }
    }

    private mutating func readSpreadsheet() throws(EvaluationError) {
        let rows: [[String?]]
        do throws(FileError) {
            rows = try SpreadsheetReader(path: path).rows()
        } catch {
            throw EvaluationError(error)
        }
        let header = rows.first ?? []
        guard let index = header.firstIndex(of: "index"),
            let prediction = header.firstIndex(of: "prediction")
        else { throw wrongColumns(header.compactMap { $0 }) }
        predictions.watch.check(
            columns: header.compactMap { $0 }, MMBench.predictionColumns, in: path)
        for (number, row) in rows.enumerated().dropFirst() where row.contains(where: { $0 != nil })
        {
            try add(
                index: index < row.count ? row[index] : nil,
                prediction: prediction < row.count ? row[prediction] : nil,
                "\(path): row \(number + 1)")
        }
    }
}
