public import MiphaBenchmarks
import MiphaFiles

extension EvaluationReport {
    /// Writes `report.html` and `report.md` into a folder that exists.
    ///
    /// - Throws: `EvaluationError` when a file cannot be written.
    public func write(to folder: String) throws(EvaluationError) {
        let texts = [
            ("report.html", HTMLReport(self).text), ("report.md", MarkdownReport(self).text),
        ]
        try EvaluationError.wrapping { () throws(FileError) in
            for (name, text) in texts {
                try AtomicFile.write(text, to: FileSystem.join(folder, name))
            }
        }
    }
}
