import Foundation
public import MiphaFiles

/// A file or folder of predictions, recognised by its content.
public struct Predictions: Sendable {
    /// Where it is.
    public let path: String
    /// Whether only some of the questions were asked, as with a limit: then those that have an
    /// answer are scored, and missing ones are not an error.
    public var isPartial = false
    /// What was seen of its fields.
    let watch: FieldWatch

    /// Points to a file or folder.
    ///
    /// - Throws: `EvaluationError` when there is nothing.
    public init(_ path: String) throws(EvaluationError) {
        guard FileManager.default.fileExists(atPath: path) else {
            throw EvaluationError(.missingFile, "\(path): there is no such predictions file")
        }
        self.path = path
        watch = FieldWatch()
    }

    private init(_ path: String, in folder: Predictions) {
        self.path = path
        isPartial = folder.isPartial
        watch = folder.watch
    }

    /// A file of this folder of predictions.
    ///
    /// - Parameter name: its relative path.
    func file(_ name: String) -> Predictions {
        Predictions(FileSystem.join(path, name), in: self)
    }

    /// Remarks on fields that nothing reads and on what was made of others, of what was read so far.
    package var fieldNotes: [String] { watch.notes }

    /// Whether this is a folder.
    public var isFolder: Bool {
        FileSystem.kind(path) == .folder
    }

    /// Calls `body` with every element of a JSON array, every line of JSON lines, or, for a file of
    /// one object, the object itself; with its place.
    ///
    /// What Python's `json` module writes beyond the standard is accepted.
    ///
    /// - Throws: `EvaluationError` for files that are not JSON, naming line and column.
    public func forEachElement(
        _ body: (JSONValue, _ place: String) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        try requireJSON()
        let elements = try EvaluationError.wrapping { () throws(FileError) in
            try JSONElements(contentsOf: path, leniency: .python, limit: 1 << 30)
        }
        try JSONRows.forEach(elements, body)
    }

    /// Requires a file that is not empty and begins as JSON does.
    ///
    /// - Throws: `EvaluationError` saying what it is instead: a folder, a workbook, a table.
    func requireJSON() throws(EvaluationError) {
        guard !isFolder else {
            throw EvaluationError(
                .wrongFile, "\(path): expected a file of predictions, found a folder")
        }
        let start = try EvaluationError.wrapping { () throws(FileError) in try firstText() }
        guard let first = start.first else {
            throw EvaluationError(
                .malformedFile, "\(path): the file is empty; expected predictions")
        }
        let isValue = "[{\"-0123456789".utf8.contains(first)
        guard isValue || String(validating: start, as: UTF8.self) == nil else {
            let line = String(decoding: start, as: UTF8.self).split(whereSeparator: \.isNewline)
            throw EvaluationError(
                .wrongFile,
                "\(path):1: expected predictions as JSON, an array or JSON lines, found text that "
                    + "begins with \((line.first.map(String.init) ?? "").quoted(limit: 40)); "
                    + "a table has to be converted")
        }
    }

    /// Up to 64 bytes from the first one that is not whitespace, after a byte order mark.
    ///
    /// - Throws: `FileError` for a file that is not a text in UTF-8 by its first bytes.
    private func firstText() throws(FileError) -> [UInt8] {
        var source = try FileByteSource(path: path)
        var bytes = try source.read(upTo: 1 << 12)
        try FileSignature.refuse(
            bytes, path, expected: "predictions as JSON in UTF-8", .malformedFile)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        while !bytes.isEmpty {
            let text = bytes.drop { $0 <= 0x20 }
            if let end = text.prefix(64).lastIndex(where: { $0 < 0x80 }) {
                return Array(text[text.startIndex...end])
            }
            if !text.isEmpty { return Array(text.prefix(64)) }
            bytes = try source.read(upTo: 1 << 12)
        }
        return []
    }

    /// The model's answer of an object, by one of the names that the reader takes.
    ///
    /// - Returns: nil when the object has none of the names.
    /// - Throws: `EvaluationError` as ``AnswerField/of(_:_:_:)``.
    func answer(
        of object: JSONObject, _ names: [String], _ place: String
    ) throws(EvaluationError) -> String? {
        guard let field = try AnswerField.of(object, names, place) else { return nil }
        watch.chose(field.name, besideQuestion: object["question"] != nil || object["query"] != nil)
        return field.text
    }

    /// The answers in the order of the file.
    ///
    /// A file of one object is read as a map from ids to answers (MM-Vet, MMMU).
    ///
    /// - Throws: `EvaluationError` naming the place and the fields that were expected.
    public func records(
        _ fields: PredictionFields = .common
    ) throws(EvaluationError) -> [PredictionRecord] {
        var records: [PredictionRecord] = []
        try forEachElement { (element, place) throws(EvaluationError) in
            guard let object = element.objectValue else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected an object for each answer, found \(element.kind)")
            }
            if let record = try record(object, fields, place) {
                try watch.check(object, .answerLines, in: path, place)
                records.append(record)
            } else if place == path, object.members.allSatisfy({ $0.value.stringValue != nil }) {
                for member in object.members {
                    records.append(
                        PredictionRecord(
                            id: QuestionID(member.key), text: member.value.stringValue ?? "",
                            place: "\(path): key \(member.key)"))
                }
            } else {
                throw Self.missingFields(object, fields, place)
            }
        }
        guard !records.isEmpty else {
            throw EvaluationError(.wrongFile, "\(path): there are no answers in this file")
        }
        return records
    }

    private func record(
        _ object: JSONObject, _ fields: PredictionFields, _ place: String
    ) throws(EvaluationError) -> PredictionRecord? {
        guard let name = fields.ids.first(where: { object[$0] != nil }),
            let text = try answer(of: object, fields.answers, place)
        else { return nil }
        guard let id = object[name].flatMap(QuestionID.init) else {
            throw EvaluationError(
                .wrongFile,
                "\(place): expected an integer or a text as id under \"\(name)\", found "
                    + (object[name]?.shown ?? "nothing"))
        }
        return PredictionRecord(
            id: id, text: text, prompt: object["prompt"]?.stringValue, place: place)
    }

    private static func missingFields(
        _ object: JSONObject, _ fields: PredictionFields, _ place: String
    ) -> EvaluationError {
        EvaluationError(
            .wrongFile,
            "\(place): expected an id (\(fields.ids.joined(separator: " or "))) and an answer text "
                + "(\(fields.answers.joined(separator: " or "))), found \(object.found)")
    }

    /// The answers by question.
    ///
    /// The same answer twice is one; official tools let the last of two different ones win without
    /// a word, here it is an error.
    ///
    /// - Throws: `EvaluationError` naming both places of an id with two answers.
    public func keyed(
        _ fields: PredictionFields = .common
    ) throws(EvaluationError) -> [QuestionID: PredictionRecord] {
        var result: [QuestionID: PredictionRecord] = [:]
        for record in try records(fields) {
            if let earlier = result[record.id], !PythonText.equal(earlier.text, record.text) {
                throw EvaluationError(
                    .mismatch,
                    "question \(record.id) has two different answers, at \(earlier.place) and "
                        + "\(record.place)")
            }
            result[record.id] = record
        }
        return result
    }
}
