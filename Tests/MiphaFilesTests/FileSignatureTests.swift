import MiphaFiles
import Testing

struct FileSignatureTests {
    @Test(
        arguments: [
            ([0x50, 0x4B, 3, 4, 20, 0, 0, 0], "a zip archive or an Excel workbook (xlsx)"),
            (
                [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
                "an Excel workbook of the old kind (xls)"
            ),
            ([0x1F, 0x8B, 8], "a gzip archive"), ([0x42, 0x5A, 0x68, 0x39], "a bzip2 archive"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "an xz archive"),
            ([0x28, 0xB5, 0x2F, 0xFD], "a zstd archive"),
            ([0x50, 0x41, 0x52, 0x31], "a Parquet file"),
            ([0xFF, 0xFE, 0x7B, 0], "text in UTF-16"), ([0xFE, 0xFF, 0, 0x7B], "text in UTF-16"),
            ([0x7B, 0, 0x22, 0, 0x61, 0], "text in UTF-16"),
            ([0, 0x7B, 0, 0x22], "text in UTF-16"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "a pointer of Git LFS"),
        ] as [([UInt8], String)])
    func `files that are no text are told by their first bytes`(_ start: [UInt8], _ kind: String) {
        #expect(FileSignature(start)?.kind == kind)
        #expect(FileSignature(start[...])?.advice.isEmpty == false)
    }

    @Test(
        arguments: [
            [], [0x7B], Array("{\"a\": 1}".utf8), Array("index\tA".utf8), [0xEF, 0xBB, 0xBF, 0x7B],
            [0, 0, 0, 0], Array("PK".utf8), Array("é".utf8),
            Array("version https://git".utf8), Array("version 1\tA".utf8),
        ] as [[UInt8]])
    func `text is none of them`(_ start: [UInt8]) {
        #expect(FileSignature(start) == nil)
    }
}
