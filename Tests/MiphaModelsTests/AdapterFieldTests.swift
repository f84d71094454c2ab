import Foundation
import MiphaFiles
import MiphaModels
import MiphaTestSupport
import Testing

/// The list of fields of `adapter_config.json`, against what PEFT writes and what the documents say.
@Suite struct AdapterFieldTests {
    @Test
    func `every field that versions of PEFT write is on the list, and its default is accepted`()
        throws
    {
        let path = PackagePaths.fixture("adapter-options/fields.json")
        let versions = try #require(try JSONValue(contentsOf: path).objectValue)
        #expect(versions.count >= 5)
        for version in versions.members {
            let fields = try #require(version.value.objectValue)
            #expect(fields.count >= 16)
            let findings = AdapterConfig.fields.examine(fields, file: version.key)
            #expect(findings.refused == [] && findings.unknown == [], "\(version.key)")
            #expect(findings.told == [])
        }
    }

    @Test func `no field is on the list twice`() {
        let names = AdapterConfig.fields.fields.flatMap(\.names)
        #expect(Set(names).count == names.count)
    }

    @Test func `the documents list the same fields with the same rules`() throws {
        let text = try String(
            contentsOfFile: PackagePaths.root + "/docs/adapters.md", encoding: .utf8)
        let list = try #require(text.components(separatedBy: "## Fields of").last)
        let rows = list.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let expected = try AdapterConfig.fields.fields.map { field in
            let names = field.names.map { "`\($0)`" }.joined(separator: ", ")
            let rule =
                switch field.rule {
                case .used: "used"
                case .harmless: "changes nothing"
                case .only(let values):
                    try "only "
                        + (values.isEmpty
                            ? "null"
                            : values.map { "`\(try $0.text(.compact))`" }.joined(separator: ", "))
                case .told, .onlyInTraining, .object: "other"
                }
            return "| \(names) | \(rule) | \(field.remark) |"
        }
        #expect(rows == expected, "\(expected.joined(separator: "\n"))")
    }
}
