import MiphaFiles

/// The rows of MMBench's table.
struct MMBenchTable {
    /// How far the copies of a question are apart in `index`.
    static let step = 1_000_000

    /// What the rows are read for.
    enum Needs {
        case questions, answers, upload

        /// The column that only this needs.
        var column: String? {
            switch self {
            case .questions: "image"
            case .answers: "answer"
            case .upload: nil
            }
        }
    }

    struct Row {
        let index: Int
        let line: Int
        let question: String
        let hint: String?
        /// Options that are there, in the order of their letters.
        let options: [OptionExtractor.Option]
        /// Options that LLaVA shows: up to the first that is missing or says "none" or "nan".
        let shownOptions: [String]
        let answer: String?
        let category: String?
        let broadCategory: String?
        let split: String?
        let image: Image

        var base: Int { index % MMBenchTable.step }
        var isBase: Bool { index == base }
    }

    /// The field with the image.
    enum Image {
        case none
        /// The image itself, and a number that differs for different images.
        case own(PictureSource, UInt64)
        /// The image of another row.
        case row(Int)
    }

    let name: String
    private(set) var rows: [Row] = []
    private var places: [Int: Int] = [:]

    init(
        _ file: SourceFile, title: String, needs: Needs
    ) throws(EvaluationError) {
        name = file.name
        var table = try file.table()
        let wanted = ["index", "question", "A", "B"] + (needs.column.map { [$0] } ?? [])
        do {
            try table.require(wanted)
        } catch {
            throw EvaluationError(
                .wrongFile,
                "expected \(title)'s table with the columns \(wanted.joined(separator: ", "))"
                    + (needs == .answers
                        ? " (answers of the test split are with the server only)" : "")
                    + "; \(error.message)")
        }
        file.watch?.check(columns: table.columns, MMBench.tableFields, in: file.name)
        let columns = Columns(table.columns)
        while let row = try Self.next(&table) {
            try add(try Self.row(row, columns, file, title), title, needs)
        }
        if rows.isEmpty {
            throw EvaluationError(.wrongFile, "\(name): \(title)'s table has no rows")
        }
    }

    private static func next(
        _ table: inout DelimitedTable
    ) throws(EvaluationError) -> DelimitedTable.Row? {
        do {
            return try table.next()
        } catch {
            throw EvaluationError(error)
        }
    }

    private mutating func add(
        _ row: Row, _ title: String, _ needs: Needs
    ) throws(EvaluationError) {
        if let earlier = places[row.index] {
            throw EvaluationError(
                .malformedFile,
                "\(name):\(row.line): index \(row.index) is there twice, first on line "
                    + "\(rows[earlier].line)")
        }
        if needs == .answers {
            guard let answer = row.answer else {
                throw EvaluationError(
                    .wrongFile,
                    "\(name):\(row.line): row \(row.index) of \(title) has no answer; the test "
                        + "split is scored by MMBench's server")
            }
            guard answer.utf8.count == 1, answer.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
            else {
                throw EvaluationError(
                    .malformedFile,
                    "\(name):\(row.line): expected a letter as the answer of row \(row.index), "
                        + "found \"\(answer.prefix(20))\"")
            }
        }
        places[row.index] = rows.count
        rows.append(row)
    }

    /// Which of the columns are there.
    private struct Columns {
        let letters: [String]
        private let names: Set<String>

        init(_ columns: [String]) {
            names = Set(columns)
            letters = columns.filter { name in
                name.utf8.count == 1 && name.utf8.allSatisfy { (0x41...0x5A).contains($0) }
            }.sorted()
        }

        func has(_ name: String) -> Bool { names.contains(name) }
    }

    private static func row(
        _ row: DelimitedTable.Row, _ columns: Columns, _ file: SourceFile, _ title: String
    ) throws(EvaluationError) -> Row {
        func value(_ column: String) throws(FileError) -> String? {
            columns.has(column) ? try row.value(column) : nil
        }
        do throws(FileError) {
            let written = try row.text("index")
            guard let index = Int(written) ?? integer(written), index >= 0 else {
                throw FileError(
                    .malformedFile,
                    "\(file.name):\(row.line): expected \(title)'s index, a number, found "
                        + "\"\(written.prefix(40))\"")
            }
            var options: [OptionExtractor.Option] = []
            for letter in columns.letters {
                if let text = try row.value(letter) { options.append(.init(letter, text)) }
            }
            var shown: [String] = []
            for letter in ["A", "B", "C", "D"] {
                guard let text = try value(letter), !isNone(text) else { break }
                shown.append(text)
            }
            let hint = try value("hint")
            return Row(
                index: index, line: row.line, question: try row.text("question"),
                hint: hint.map(isNone) == false ? hint : nil, options: options,
                shownOptions: shown, answer: try value("answer"), category: try value("category"),
                broadCategory: try value("l2-category"), split: try value("split"),
                image: columns.has("image") ? try image(index, row, file) : .none)
        } catch {
            throw EvaluationError(error)
        }
    }

    /// An index that a spreadsheet program wrote as a decimal number.
    static func integer(_ text: String) -> Int? {
        PythonText.float(text).flatMap { Int(exactly: $0) }
    }

    private static func isNone(_ text: String) -> Bool {
        let lower = PythonText.lower(text)
        return lower == "none" || lower == "nan"
    }

    private static func image(
        _ index: Int, _ row: DelimitedTable.Row, _ file: SourceFile
    ) throws(FileError) -> Image {
        guard let place = try row.place(of: "image") else { return .none }
        let bytes = try row.bytes("image")
        // The authors' later tables write the index of the row that holds the image.
        if place.length <= 16, let other = Int(String(decoding: bytes, as: UTF8.self)) {
            return .row(other)
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        do {
            return .own(try file.picture("row \(index)", in: "image", of: row), hash)
        } catch {
            throw FileError(.malformedFile, error.message)
        }
    }

    /// The row of an index.
    func row(_ index: Int) -> Row? { places[index].map { rows[$0] } }

    /// The image of a row; nil where there is none.
    func picture(of row: Row) -> PictureSource? {
        source(of: row)?.picture
    }

    /// What names the image of a row, the same for rows with the same image.
    func cluster(_ row: Row) -> String {
        source(of: row).map { "picture " + String($0.hash, radix: 16) } ?? "row \(row.base)"
    }

    private func source(of row: Row) -> (picture: PictureSource, hash: UInt64)? {
        switch row.image {
        case .none: return nil
        case .own(let picture, let hash): return (picture, hash)
        case .row(let other):
            guard let other = self.row(other), case .own(let picture, let hash) = other.image
            else { return nil }
            return (picture, hash)
        }
    }
}
