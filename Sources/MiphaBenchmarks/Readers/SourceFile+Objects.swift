import MiphaFiles

/// One object of a file of many, with its place for messages.
struct PlacedObject: Sendable {
    /// The object.
    let object: JSONObject
    /// Where it stands: `questions.jsonl:12`.
    let place: String
    /// What the file should hold, for messages.
    let what: String

    /// A member that must be a string.
    ///
    /// - Throws: `EvaluationError` naming place, key and what was found.
    func string(_ key: String) throws(EvaluationError) -> String {
        if let text = object[key]?.stringValue { return text }
        throw wrong(key, "a string")
    }

    /// A member that must be an integer, as a number or as its digits in a string.
    ///
    /// - Throws: `EvaluationError` naming place, key and what was found.
    func integer(_ key: String) throws(EvaluationError) -> Int {
        if let number = object[key]?.integerValue { return number }
        if let number = object[key]?.stringValue.flatMap({ Int($0) }) { return number }
        throw wrong(key, "an integer")
    }

    /// A member that must be an array of strings.
    ///
    /// - Throws: `EvaluationError` naming place, key and what was found.
    func strings(_ key: String) throws(EvaluationError) -> [String] {
        guard let elements = object[key]?.arrayValue else { throw wrong(key, "an array") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else { throw wrong(key, "an array of strings") }
            texts.append(text)
        }
        return texts
    }

    /// The failure of a member that is not `expected`.
    func wrong(_ key: String, _ expected: String) -> EvaluationError {
        let found = object[key]?.kind ?? object.found
        return EvaluationError(
            .wrongFile, "\(place): \(what): expected \(expected) at \"\(key)\", found \(found)")
    }
}

extension SourceFile {
    /// Calls `body` with the elements of a JSON array, the values of JSON lines, or the one value of
    /// the file, with their places.
    ///
    /// A byte order mark in front and line ends of either kind are taken.
    ///
    /// - Parameter what: what the file should hold, for messages.
    /// - Throws: `EvaluationError` for an empty file and for broken JSON, naming line and column.
    func forEachRow(
        _ what: String, _ body: (JSONValue, _ place: String) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        let bytes = try content(what)
        let first = bytes.first { $0 > 0x20 }
        let isContainer = first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
        try JSONRows.forEach(
            JSONElements(
                bytes, file: name, shape: isContainer ? .automatic() : .lines, leniency: .python),
            body)
    }

    /// The objects of a JSON array or of JSON lines, or the one object of the file.
    ///
    /// - Parameters:
    ///   - what: what the file should hold, for messages.
    ///   - fields: the fields of each object.
    /// - Throws: as ``forEachRow(_:_:)``, for a value that is not an object and for a refused field.
    func objects(
        _ what: String, _ fields: FieldList
    ) throws(EvaluationError) -> [PlacedObject] {
        var result: [PlacedObject] = []
        try forEachRow(what) { (value, place) throws(EvaluationError) in
            guard let object = value.objectValue else {
                throw EvaluationError(
                    .wrongFile, "\(place): expected \(what), an object each, found \(value.kind)")
            }
            try check(object, fields, place)
            result.append(PlacedObject(object: object, place: place, what: what))
        }
        return result
    }

    /// The content as one JSON value; a byte order mark is skipped.
    ///
    /// - Parameter what: what the file should hold, for messages.
    /// - Throws: `EvaluationError` for an empty file and for broken JSON, naming line and column.
    func value(_ what: String) throws(EvaluationError) -> JSONValue {
        let bytes = try content(what)
        return try EvaluationError.wrapping { () throws(FileError) in
            try JSONValue(parsing: bytes, file: name)
        }
    }

    /// The content as one JSON object.
    ///
    /// - Throws: as ``value(_:)``, and for another kind of value.
    func object(_ what: String) throws(EvaluationError) -> JSONObject {
        let value = try value(what)
        if let object = value.objectValue { return object }
        throw EvaluationError(
            .wrongFile, "\(name): expected \(what), an object, found \(value.kind)")
    }

    /// The content without a byte order mark.
    ///
    /// - Throws: `EvaluationError` for a file that cannot be read or holds only whitespace.
    func content(_ what: String) throws(EvaluationError) -> [UInt8] {
        var bytes = try read()
        try EvaluationError.wrapping { () throws(FileError) in
            try FileSignature.refuse(
                bytes.prefix(FileSignature.length), name, expected: "\(what), text in UTF-8",
                .malformedFile)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let blanks = " \t\r\n".utf8
        guard bytes.contains(where: { !blanks.contains($0) }) else { throw empty(what) }
        return bytes
    }

    private func empty(_ what: String) -> EvaluationError {
        EvaluationError(.malformedFile, "\(name): the file is empty; expected \(what)")
    }
}
