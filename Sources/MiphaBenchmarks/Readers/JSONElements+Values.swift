import MiphaFiles

extension SourceFile {
    /// Calls `body` with the values of a JSON file one after the other.
    ///
    /// - Parameters:
    ///   - shape: where the values stand.
    ///   - what: what the file should be, for the message when it is another one.
    /// - Throws: `EvaluationError` with file, line and column, and what `body` throws.
    func forEachValue(
        _ shape: JSONElements.Shape, what: String,
        _ body: (inout JSONCursor) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        try elements(shape).forEachValue(what: what, body)
    }
}

extension JSONElements {
    /// Calls `body` with each value.
    func forEachValue(
        what: String, _ body: (inout JSONCursor) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        while var cursor = try nextValue(what: what) {
            try body(&cursor)
            do {
                try cursor.finish()
            } catch {
                throw EvaluationError(error)
            }
        }
    }

    /// The next value; a failure before the first one means that the file is another one.
    func nextValue(what: String) throws(EvaluationError) -> JSONCursor? {
        do {
            return try next()
        } catch {
            guard count == 0, error.code == .malformedJSON, !error.message.contains(": element 0: ")
            else { throw EvaluationError(error) }
            throw EvaluationError(.wrongFile, "\(error.message); this should be \(what)")
        }
    }
}

extension JSONCursor {
    /// A value of the right JSON that is not what a benchmark's file holds.
    func unexpected(_ message: String) -> EvaluationError {
        EvaluationError(.malformedFile, failure(message).message)
    }
}
