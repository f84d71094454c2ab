import MiphaFiles

extension JSONCursor {
    /// Reads an id, a number or a text.
    mutating func questionID() throws(FileError) -> QuestionID {
        if kind == .string { return QuestionID(try string()) }
        return QuestionID(try integer())
    }
}
