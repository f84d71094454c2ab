import MiphaFiles

/// The text of a run file, as editors save it.
enum RunFileText {
    /// Decodes a file: UTF-8, with or without a byte order mark, and any line ends.
    ///
    /// - Throws: `TrainingError` naming file and line for other encodings.
    static func decode(_ bytes: [UInt8], file: String) throws(TrainingError) -> String {
        for mark in [[0xFF, 0xFE], [0xFE, 0xFF], [0, 0, 0xFE, 0xFF]] as [[UInt8]]
        where bytes.starts(with: mark) {
            throw TrainingError(
                .invalidRun, "\(file): expected UTF-8, found UTF-16 or UTF-32; save it as UTF-8")
        }
        let content = ByteOrderMark.removed(from: bytes)
        for (index, line) in content.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            if let place = line.firstIndex(of: 0) {
                throw TrainingError(
                    .invalidRun,
                    "\(file): line \(index + 1): byte \(place - line.startIndex + 1) is 0; a run file "
                        + "is text: save it as UTF-8")
            }
            if String(validating: line, as: UTF8.self) == nil {
                throw TrainingError(
                    .invalidRun,
                    "\(file): line \(index + 1): expected UTF-8, found bytes of another encoding; "
                        + "save it as UTF-8")
            }
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// A hint about a text that is not YAML, or about a key or value that looks right: a space
    /// or a mark that looks like a plain one.
    static func hint(_ text: String) -> String {
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            guard
                let scalar = line.unicodeScalars.first(where: {
                    $0.isInvisible && $0 != "\t"
                })
            else { continue }
            return "; line \(index + 1) has the character \(scalar.codePoint), which looks like a "
                + "space or is invisible; write an ordinary space"
        }
        return ""
    }
}
