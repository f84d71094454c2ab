import MiphaFiles

extension SourceFile {
    /// The values of a JSON file of any size, one after the other; what Python's `json` module
    /// writes beyond the standard is accepted.
    ///
    /// - Throws: `EvaluationError` when it cannot be opened.
    func elements(
        _ shape: JSONElements.Shape = .automatic()
    ) throws(EvaluationError) -> JSONElements {
        if case .file(let path) = place {
            return try EvaluationError.wrapping { () throws(FileError) in
                try JSONElements(contentsOf: path, shape: shape, leniency: .python)
            }
        }
        return JSONElements(try open(), file: name, shape: shape, leniency: .python)
    }

    /// Calls `body` with the members of the file's one object; one and all keys are in memory.
    ///
    /// - Parameter what: what the file should hold, for messages.
    /// - Throws: `EvaluationError` for another file, broken JSON and a key that comes twice, naming
    ///   line and column.
    func forEachMember(
        _ what: String, _ body: (String, JSONValue) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        let members = try elements(.members)
        var seen: Set<ExactString> = []
        func next() throws(EvaluationError) -> JSONCursor? {
            do {
                return try members.next()
            } catch {
                guard members.count == 0, error.message.contains("expected an object, found a")
                else { throw EvaluationError(error) }
                throw EvaluationError(.wrongFile, "\(error.message); this should be \(what)")
            }
        }
        while var member = try next() {
            let key = member.key ?? ""
            let place = member.place
            let value = try EvaluationError.wrapping { () throws(FileError) in
                try member.value()
            }
            guard seen.insert(ExactString(key)).inserted else {
                throw EvaluationError(
                    .malformedFile,
                    "\(name):\(place.line):\(place.column): duplicate key \(key.quoted)")
            }
            try body(key, value)
        }
    }

    /// SHA-256 of the content, 64 hexadecimal digits.
    ///
    /// - Throws: `EvaluationError` when it cannot be read.
    func sha256() throws(EvaluationError) -> String {
        let source = try open()
        return try EvaluationError.wrapping { () throws(FileError) in
            try SHA256Digest(of: source).hex
        }
    }
}
