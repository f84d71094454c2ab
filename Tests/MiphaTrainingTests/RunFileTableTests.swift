import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// The lists of fields in docs/training.md against the code.
@Suite struct RunFileTableTests {
    private let text: String

    init() throws {
        text = try String(
            contentsOfFile: "\(PackagePaths.root)/docs/training.md", encoding: .utf8)
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

    @Test func `the table has every key of a run file, its default and its influence`() throws {
        let rows = try table("All keys of a run file")
        #expect(rows.map { names($0[0])[0] } == RunConfiguration.keys)
        let defaults = RunConfiguration().json
        for row in rows {
            let key = names(row[0])[0]
            #expect(
                (row[3] == "no") == RunConfiguration.keysWithoutInfluence.contains(key), "\(key)")
            let told = row[1].trimmingCharacters(in: CharacterSet(charactersIn: "`"))
            let found: String =
                switch defaults[key] {
                case .null?: ["template", "image_aspect_ratio"].contains(key) ? "by stage" : "none"
                case .string(let text)?: text.isEmpty ? "none" : text
                case let value?: try value.text(.compact)
                case nil: "absent"
                }
            switch told {
            case "required":
                #expect(["model", "output_dir", "stage", "data_path"].contains(key), "\(key)")
            case _ where key == "dataloader_drop_last": #expect(told == "false")
            default:
                #expect(
                    told == found || Double(told) == Double(found) && Double(told) != nil, "\(key)")
            }
        }
    }

    @Test func `keys of other programs are refused with what the table says`() throws {
        let rows = try table("Keys of other programs")
        #expect(rows.map { names($0[0])[0] } == RunConfiguration.otherKeys.map { $0.key })
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
