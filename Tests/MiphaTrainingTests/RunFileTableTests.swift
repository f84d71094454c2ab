import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// The lists of fields in docs/training.md against the code.
@Suite struct RunFileTableTests {
    private static let path = "\(PackagePaths.root)/docs/training.md"
    private let text: String

    init() throws {
        text = try String(contentsOfFile: Self.path, encoding: .utf8)
    }

    /// The cells of the table below a heading.
    private func table(_ heading: String) throws -> [[String]] {
        let start = try #require(text.range(of: "\n## \(heading)\n"))
        let section = text[start.upperBound...].prefix(
            upTo: text[start.upperBound...].range(of: "\n## ")?.lowerBound ?? text.endIndex)
        let lines = section.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2)
        return lines.map { line in
            line.dropFirst().dropLast().components(separatedBy: " | ").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
    }

    private func names(_ cell: String) -> [String] {
        cell.split(separator: ",").map {
            $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
        }
    }

    /// After a change on purpose, `MIPHA_WRITE_SNAPSHOTS=1` writes it anew.
    @Test func `the table of keys says what the keys say`() throws {
        var lines = text.components(separatedBy: "\n")
        let first = try #require(lines.firstIndex(of: KeyTable.header[0]))
        let place = first..<first + lines[first...].prefix { $0.hasPrefix("|") }.count
        let table = KeyTable.header + RunKey.all.map(KeyTable.row)
        if ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1" {
            lines.replaceSubrange(place, with: table)
            try AtomicFile.write(lines.joined(separator: "\n"), to: Self.path)
        } else {
            #expect(
                Array(lines[place]) == table,
                """
                MIPHA_WRITE_SNAPSHOTS=1 make test TEST_ARGS='--filter RunFileTableTests' writes \
                docs/training.md anew
                """)
        }
    }

    @Test func `a row of the table of keys is short enough to read`() {
        for key in RunKey.all {
            #expect(key.explanation.count <= 200, "\(key.name)")
            #expect(key.meaning.hasSuffix(".") && !key.meaning.contains("|"), "\(key.name)")
        }
    }

    @Test func `keys of other programs are refused with what the table says`() throws {
        let rows = try table("Keys of other programs")
        #expect(rows.map { names($0[0])[0] } == ForeignRunKeys.all.map { $0.key })
        let folder = try TemporaryFolder()
        let path = folder.file("run.yaml")
        try AtomicFile.write("model: m\noutput_dir: o\nstage: sft\ndata_path: d\n", to: path)
        for row in rows {
            let key = names(row[0])[0]
            #expect(!RunConfiguration.keys.contains(key))
            let error = #expect(throws: CheckpointError.self) {
                try RunConfiguration(contentsOf: path, overrides: ["\(key)=1"])
            }
            #expect(
                error.map { "\($0)" }?.hasSuffix("unknown key \(key); write \(row[1])") == true,
                "\(key)")
        }
    }

    @Test func `every field of a state is in its table`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        let state = try JSONValue(
            contentsOf: "\(tiny.run.outputFolder)/checkpoint-2/trainer_state.json")
        let fields = try #require(state.objectValue).keys
        let told = try table("What `trainer_state.json` holds").flatMap { names($0[0]) }
        #expect(Set(told) == Set(fields) && told.count == fields.count)
    }
}

/// The table of the keys of a run file in docs/training.md.
private enum KeyTable {
    static let header = ["| key | default | meaning | weights |", "|---|---|---|---|"]

    static func row(_ key: RunKey) -> String {
        let isText = key.value(in: RunConfiguration()) == .string(key.defaultText)
        let standard = isText ? "`\(key.defaultText)`" : key.defaultText
        let weights = key.changesWeights ? "yes" : "no"
        return "| `\(key.name)` | \(standard) | \(key.explanation) | \(weights) |"
    }
}
