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
