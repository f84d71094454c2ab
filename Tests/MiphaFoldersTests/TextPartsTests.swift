import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaFolders
import MiphaModels
import MiphaTestSupport
import MiphaTinyFolder
import MiphaTokenizers
import Testing

/// The parts of a folder fit each other and the model.
@Suite struct TextPartsTests {
    private let tiny: TinyFolder

    init() throws {
        tiny = try TinyFolder()
    }

    private func folder() throws -> ModelFolder { try ModelFolder(tiny.path, for: "a test") }

    @Test func `a tokenizer may fill the vocabulary`() throws {
        try TokenizerFile.fill(tiny.path, upTo: 640)
        #expect(try TextParts(folder()).tokenizer.count == 640)
        #expect(try PromptParts(folder()).tokenizer.count == 640)
    }

    @Test func `a tokenizer with more ids than vocab_size is refused by name`() throws {
        try TokenizerFile.fill(tiny.path, upTo: 641)
        let message =
            "\(tiny.path): the tokenizer has 641 tokens, but the model's vocab_size is 640; these "
            + "files do not belong together"
        let error = #expect(throws: FolderError.self) { try TextParts(folder()) }
        #expect(error?.message == message && error?.code == .mismatchedParts)
        #expect(throws: FolderError.self) { try PromptParts(folder(), answers: false) }
        // Text and ids can be compared, and the report says what is wrong.
        #expect(try folder().tokenizer().count == 641)
        #expect(try ModelReport(folder()).notes.contains(message))
    }

    @Test func `a template whose end of turn is not a token is refused`() throws {
        let error = #expect(throws: ChatError.self) { try TextParts(folder(), template: .gemma) }
        #expect(error?.code == .unsuitableTemplate)
    }

    @Test func `the chat format follows from the model's family, then from the folder`() throws {
        #expect(MiphaConfig.mipha3B.chatFormat == "phi")
        #expect(try folder().template() == .phi)
        #expect(try TextParts(folder()).template == .phi)
        let jinja = try #require(ChatFormat.gemma.jinja)
        try AtomicFile.write(jinja, to: "\(tiny.path)/chat_template.jinja")
        #expect(try folder().template() == .gemma)
        try AtomicFile.write("{{ 1 }}", to: "\(tiny.path)/chat_template.jinja")
        let error = #expect(throws: ChatError.self) { try folder().template() }
        #expect(error?.code == .unknownTemplate)
        #expect(throws: ChatError.self) { try TextParts(folder()) }
        #expect(try TextParts(folder(), template: .phi).template == .phi)
    }

    @Test func `a published template that is not the family's gives a note`() throws {
        let path = "\(tiny.path)/chat_template.jinja"
        let jinja = try #require(ChatFormat.llavaHF.jinja)
        try AtomicFile.write(jinja, to: path)
        #expect(try PromptParts(folder()).notes.isEmpty)
        try AtomicFile.write(jinja.replacing("{{- ", with: "{{-  "), to: path)
        let found = try PromptParts(folder())
        #expect(found.template == .llavaHF)
        #expect(
            found.notes == [
                "\(path): prompts are written as llava-hf; models of this family are usually trained "
                    + "with phi; --template chooses"
            ])
        #expect(try ModelReport(folder()).notes == found.notes)
        #expect(try PromptParts(folder(), template: .llavaHF).notes.isEmpty)
        let family = try #require(ChatFormat.phi.jinja)
        try AtomicFile.write(family.replacing("{{- ", with: "{{-  "), to: path)
        #expect(try PromptParts(folder()).notes.isEmpty)
    }

    @Test func `stored tensors are found by the names of parameters in each layout`() throws {
        let path = tiny.temporary.file("llava")
        _ = try ModelConversion.run(folder(), to: .llava, output: path, dropsHeadBias: false)
        let (own, other) = try (
            folder().storedTensors(), ModelFolder(path, for: "a test").storedTensors()
        )
        let name = "model.layers.0.mlp.fc1.weight"
        let (found, there) = try (#require(own.find(name)), #require(other.find(name)))
        #expect(found.entry.name == name && there.entry.name != name)
        #expect(found.file.bytes(of: found.entry) == there.file.bytes(of: there.entry))
        #expect(own.find("model.nothing") == nil)
    }

    @Test func `a fingerprint counts every file that answers depend on`() throws {
        let plain = try folder().fingerprint(dtype: nil)
        for name in CompanionFiles.names {
            let file = "\(tiny.path)/\(name)"
            let before = try? FileSystem.read(file, limit: 1 << 20)
            try AtomicFile.write(" ", to: file)
            let isSame = try folder().fingerprint(dtype: nil) == plain
            #expect(isSame == (name == "LICENSE"), "\(name)")
            if let before {
                try AtomicFile.write(before, to: file)
            } else {
                FileSystem.remove(file)
            }
        }
        #expect(try folder().fingerprint(dtype: nil) == plain)
    }
}
