import Foundation
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// Run files as editors save them, and settings as shells pass them.
@Suite struct RunFileTextTests {
    private static let text = """
        model: m
        output_dir: "ô"
        stage: sft
        data_path: d.json
        learning_rate: 2e-5

        """

    private func read(_ bytes: [UInt8], _ settings: [String] = []) throws -> RunConfiguration {
        let folder = try TemporaryFolder()
        let path = folder.file("run.yaml")
        try AtomicFile.write(bytes, to: path)
        return try RunConfiguration(contentsOf: path, overrides: settings)
    }

    private func failure(_ bytes: [UInt8], _ settings: [String] = []) throws -> String {
        let error = #expect(throws: (any Error).self) { try read(bytes, settings) }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.isOneLine, "\(message)")
        return message
    }

    @Test func `a byte order mark and any line ends are read`() throws {
        let plain = try read(Array(Self.text.utf8))
        #expect((plain.outputFolder, plain.learningRate) == ("ô", 2e-5))
        for text in [
            "\u{FEFF}" + Self.text, Self.text.replacing("\n", with: "\r\n"),
            "\u{FEFF}" + Self.text.replacing("\n", with: "\r\n"),
            Self.text.replacing("\n", with: "\r"),
        ] {
            #expect(try read(Array(text.utf8)) == plain, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32])
    func `other Unicode encodings are refused with what to do`(encoding: String.Encoding) throws {
        let data = try #require(Self.text.data(using: encoding))
        let message = try failure(Array(data))
        #expect(message.contains("run.yaml: "), "\(message)")
        #expect(message.hasSuffix("save it as UTF-8"), "\(message)")
    }

    @Test func `a byte 0 and bytes of another encoding are named with their line`() throws {
        let zero = Array(Self.text.utf8).map { $0 == UInt8(ascii: "5") ? 0 : $0 }
        #expect(try failure(zero).contains("run.yaml: line 5: byte 19 is 0; "))
        let latin = try #require(Self.text.data(using: .isoLatin1))
        #expect(
            try failure(Array(latin)).contains(
                "run.yaml: line 2: expected UTF-8, found bytes of another encoding"))
    }

    @Test(arguments: [
        ("le\u{430}rning_rate: 1", "(character 3 is U+0430); did you mean learning_rate?"),
        ("\"seed \": 1", "unknown key \"seed \" (character 5 is U+0020); did you mean seed?"),
        ("seed:\u{A0}1", "; line 6 has the character U+00A0"),
        ("seed: 1\u{A0}", #"seed: expected an integer, found the string "1\u{a0}""#),
        ("tune: {t\u{43E}wer: full}", "(character 2 is U+043E); did you mean tower?"),
        ("seed: 1_0", #"seed: expected an integer, found the string "1_0""#),
        ("seed: 0x10", #"seed: expected an integer, found the string "0x10""#),
        ("seed: \u{FF11}", "seed: expected an integer, found the string"),
        ("weight_decay: 0x1p-3", "weight_decay: expected a number, found the string"),
        ("weight_decay: \u{2212}1", "weight_decay: expected a number, found the string"),
        ("weight_decay: 0,1", "weight_decay: expected a number, found the string"),
        ("packing: yes", #"packing: expected true or false, found the string "yes""#),
        ("packing: on", #"packing: expected true or false, found the string "on""#),
        ("packing: 1", "packing: expected true or false, found the integer 1"),
    ])
    func `what only looks right is named by its characters`(line: String, part: String) throws {
        let message = try failure(Array((Self.text + line + "\n").utf8))
        #expect(message.contains(part), "\(message)")
    }

    @Test func `names that read like numbers elsewhere are text`() throws {
        let run = try read(
            Array(Self.text.utf8), ["image_folder=infinity", "model=nan", "template=0x10"])
        #expect(run.imageFolder == "infinity" && run.model == "nan" && run.template == "0x10")
    }

    @Test(arguments: [
        "output_dir=a #b", "output_dir=a\nstage: align", "seed=1 # a comment", "seed=1\r\n",
    ])
    func `a setting of which YAML would leave out a part is refused`(setting: String) throws {
        let message = try failure(Array(Self.text.utf8), [setting])
        #expect(
            message.contains("expected a value in one line and without a comment"), "\(message)")
    }

    @Test func `a setting may hold number signs and equal signs`() throws {
        let run = try read(
            Array(Self.text.utf8), ["output_dir='a #b'", "model=a#b=c", "seed=1", "seed=2"])
        #expect(run.outputFolder == "a #b" && run.model == "a#b=c")
        #expect(run.seed == 2, "the last one counts")
    }
}
