import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Short ways to score and to read fixtures.
enum Judged {
    static func fixture(_ name: String) -> String { PackagePaths.fixture("oracles/\(name)") }

    static func json(_ name: String) throws -> JSONValue {
        try JSONValue(contentsOf: fixture(name))
    }

    /// Scores and keeps every item.
    static func score(
        _ benchmark: any Benchmark, _ predictions: String, _ files: String, _ variant: String? = nil
    ) throws -> ScoreRecorder {
        var recorder = ScoreRecorder(keepsItems: true)
        try benchmark.score(
            try Predictions(predictions), against: try BenchmarkFiles(files),
            variant: try benchmark.card.variant(variant), into: &recorder)
        return recorder
    }

    static func figure(
        _ recorder: ScoreRecorder, _ name: String, _ part: String? = nil
    ) -> Double? {
        recorder.figures.first { $0.name == name && $0.part == part }?.value
    }

    /// The places where two lists of numbers differ in any bit.
    static func differences(_ left: [Double], _ right: [Double]) -> [Int] {
        guard left.count == right.count else { return [-1] }
        return left.indices.filter { left[$0] != right[$0] }
    }

    static func numbers(_ value: JSONValue?) -> [Double] {
        value?.arrayValue?.compactMap(\.doubleValue) ?? []
    }
}

/// A way to damage a file, and words that the error must contain.
struct FolderDamage: Sendable, CustomTestStringConvertible {
    let name: String
    let file: String
    let change: @Sendable ([UInt8]) -> [UInt8]?
    let words: [String]
    let code: EvaluationError.Code?

    var testDescription: String { name }

    /// - Parameters:
    ///   - change: the new bytes; nil removes the file.
    ///   - code: the error expected; nil when the damage must do no harm.
    init(
        _ name: String, _ file: String, _ code: EvaluationError.Code?, _ words: [String] = [],
        _ change: @escaping @Sendable ([UInt8]) -> [UInt8]?
    ) {
        self.name = name
        self.file = file
        self.change = change
        self.words = words
        self.code = code
    }

    static func text(
        _ name: String, _ file: String, _ code: EvaluationError.Code?, _ words: [String] = [],
        _ text: String
    ) -> FolderDamage {
        FolderDamage(name, file, code, words) { _ in Array(text.utf8) }
    }

    static func replace(
        _ name: String, _ file: String, _ code: EvaluationError.Code?, _ words: [String] = [],
        _ old: String, _ new: String
    ) -> FolderDamage {
        FolderDamage(name, file, code, words) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            precondition(text.contains(old), "\(file) does not contain \(old)")
            return Array(text.replacing(old, with: new).utf8)
        }
    }

    /// What every JSON file must survive or refuse.
    static func common(_ file: String, truncated: EvaluationError.Code = .malformedFile)
        -> [FolderDamage]
    {
        [
            FolderDamage("\(file): no bytes", file, .malformedFile, ["empty"]) { _ in [] },
            FolderDamage("\(file): only blanks", file, .malformedFile, ["empty"]) { _ in
                Array(" \n\r\n\t".utf8)
            },
            FolderDamage("\(file): cut in the middle", file, truncated, []) { bytes in
                Array(bytes[..<(bytes.count / 2)])
            },
            FolderDamage("\(file): Latin-1", file, .malformedFile, ["UTF-8"]) { bytes in
                var bytes = bytes
                guard let place = bytes.lastIndex(of: UInt8(ascii: "e")) else { return nil }
                bytes[place] = 0xE9
                return bytes
            },
            FolderDamage("\(file): UTF-16", file, .malformedFile, []) { bytes in
                [0xFF, 0xFE] + bytes.flatMap { [$0, 0] }
            },
            FolderDamage("\(file): byte order mark", file, nil) { [0xEF, 0xBB, 0xBF] + $0 },
            FolderDamage("\(file): CRLF", file, nil) { bytes in
                bytes.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
            },
            FolderDamage("\(file): missing", file, .missingFile, ["looked for"]) { _ in nil },
        ]
    }

    /// Copies `source`, damages the file, and runs `body` on the copy.
    func check(
        _ source: String, _ body: (_ folder: String) throws(EvaluationError) -> Void
    ) throws {
        let folder = try TemporaryFolder()
        let copy = folder.file("data")
        try FileManager.default.copyItem(atPath: source, toPath: copy)
        let path = "\(copy)/\(file)"
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        if let changed = change(bytes) {
            try Data(changed).write(to: URL(filePath: path))
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        do throws(EvaluationError) {
            try body(copy)
            #expect(code == nil, "\(name): no error")
        } catch {
            #expect(error.code == code, "\(name): \(error)")
            for word in words { #expect(error.message.contains(word), "\(name): \(error)") }
            #expect(!error.message.contains("\n"), "\(name): \(error)")
        }
    }
}
