import Foundation
public import MiphaFiles

/// A file or folder of predictions, recognised by its content.
public struct Predictions: Sendable {
    /// Where it is.
    public let path: String
    /// Whether only some of the questions were asked, as with a limit: then those that have an
    /// answer are scored, and missing ones are no error.
    public var isPartial = false

    /// Points to a file or folder.
    ///
    /// - Throws: `EvaluationError` when there is nothing.
    public init(_ path: String) throws(EvaluationError) {
        guard FileManager.default.fileExists(atPath: path) else {
            throw EvaluationError(.missingFile, "\(path): there is no such predictions file")
        }
        self.path = path
    }

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
        let elements = try EvaluationError.wrapping { () throws(FileError) in
            guard try !isBlank() else {
                throw FileError(
                    .malformedFile, "\(path): the file is empty; expected predictions")
            }
            return try JSONElements(contentsOf: path, leniency: .python, limit: 1 << 30)
        }
        try JSONRows.forEach(elements, body)
    }

    /// Whether the file holds nothing but blanks.
    private func isBlank() throws(FileError) -> Bool {
        var source = try FileByteSource(path: path)
        while true {
            let bytes = try source.read(upTo: 1 << 12)
            if bytes.isEmpty { return true }
            if bytes.contains(where: { $0 > 0x20 }) { return false }
        }
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
            if let record = Self.record(object, fields, place) {
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
        return records
    }

    private static func record(
        _ object: JSONObject, _ fields: PredictionFields, _ place: String
    ) -> PredictionRecord? {
        guard let id = fields.ids.lazy.compactMap({ object[$0] }).first.flatMap(QuestionID.init),
            let text = fields.answers.lazy.compactMap({ object[$0]?.stringValue }).first
        else { return nil }
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
