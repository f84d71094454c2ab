extension SourceFile {
    /// The lines of a text in UTF-8; lines may end as on any system and a byte order mark is
    /// skipped.
    ///
    /// - Throws: `EvaluationError` naming the first line that is not UTF-8.
    func textLines(_ what: String) throws(EvaluationError) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        func close() throws(EvaluationError) {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw EvaluationError(
                    .malformedFile,
                    "\(name):\(lines.count + 1): expected UTF-8 text of \(what), found other bytes "
                        + "(a file in Latin-1 must be converted)")
            }
            lines.append(text)
            line.removeAll(keepingCapacity: true)
        }
        var afterReturn = false
        for byte in try content(what) {
            if byte == 0x0A, afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = byte == 0x0D
            if byte == 0x0A || byte == 0x0D { try close() } else { line.append(byte) }
        }
        if !line.isEmpty { try close() }
        return lines
    }
}
