/// Kinds of files that are mistaken for text in UTF-8, told by their first bytes.
package struct FileSignature: Sendable, Equatable {
    /// How many bytes are looked at.
    package static let length = 24
    /// How a pointer starts that Git LFS leaves in the place of a large file.
    package static let largeFilePointer = Array("version https://git-lfs".utf8)

    /// What the file is, in words.
    package let kind: String
    /// What to do with it, in words.
    package let advice: String

    private static let workbook = "save the sheet as text (TSV or CSV in UTF-8)"
    private static let recode = "save it as UTF-8"
    private static let unpack = "unpack it and give the file inside"
    private static let export = "export its rows as JSON lines"

    private static let known: [(bytes: [UInt8], kind: String, advice: String)] = [
        (
            [0x50, 0x4B, 0x03, 0x04], "a zip archive or an Excel workbook (xlsx)",
            "unpack the archive, or save the sheet as text (TSV or CSV in UTF-8)"
        ),
        ([0xD0, 0xCF, 0x11, 0xE0], "an Excel workbook of the old kind (xls)", workbook),
        ([0x1F, 0x8B], "a gzip archive", unpack),
        ([0x42, 0x5A, 0x68], "a bzip2 archive", unpack),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive", unpack),
        ([0x28, 0xB5, 0x2F, 0xFD], "a zstd archive", unpack),
        (Array("PAR1".utf8), "a Parquet file", export),
        (Array("ARROW1".utf8), "an Arrow file", export),
        (Array("%PDF".utf8), "a PDF file", "give the text file"),
        (largeFilePointer, "a pointer of Git LFS", "fetch the file with 'git lfs pull'"),
        ([0xFF, 0xFE], "text in UTF-16", recode),
        ([0xFE, 0xFF], "text in UTF-16", recode),
    ]

    /// Recognises a file; nil for one that may be text in UTF-8.
    ///
    /// - Parameter start: the first ``length`` bytes, fewer of a shorter file.
    package init?(_ start: some Collection<UInt8>) {
        let start = Array(start.prefix(Self.length))
        if let found = Self.known.first(where: { start.starts(with: $0.bytes) }) {
            kind = found.kind
            advice = found.advice
            return
        }
        // Letters of ASCII beside zero bytes: UTF-16 without a mark.
        let isZero = start.prefix(4).map { $0 == 0 }
        guard isZero == [true, false, true, false] || isZero == [false, true, false, true] else {
            return nil
        }
        kind = "text in UTF-16"
        advice = Self.recode
    }

    /// Refuses such a file.
    ///
    /// - Parameters:
    ///   - start: the first ``length`` bytes.
    ///   - name: how the message calls the file.
    ///   - expected: what it should be, in words.
    ///   - code: the kind of failure.
    /// - Throws: `FileError` saying what the file is and what to do.
    package static func refuse(
        _ start: some Collection<UInt8>, _ name: String, expected: String, _ code: FileError.Code
    ) throws(FileError) {
        guard let message = message(start, name, expected: expected) else { return }
        throw FileError(code, message)
    }

    /// What is said of such a file; nil for one that may be text in UTF-8.
    ///
    /// - Parameters: as those of ``refuse(_:_:expected:_:)``.
    package static func message(
        _ start: some Collection<UInt8>, _ name: String, expected: String
    ) -> String? {
        FileSignature(start).map {
            "\(name): expected \(expected), found \($0.kind); \($0.advice)"
        }
    }
}
