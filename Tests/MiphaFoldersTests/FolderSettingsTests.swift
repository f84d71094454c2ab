import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTinyFolder
import MiphaTokenizers
import Testing

/// What a folder says about the end of answers, templates and images is what happens.
@Suite struct FolderSettingsTests {
    private func write(_ value: JSONValue, _ name: String, in folder: String) throws {
        try value.write(to: "\(folder)/\(name)")
    }

    /// A tiny folder in the LLaVA layout.
    private func llava(_ tiny: TinyFolder) throws -> String {
        let path = tiny.temporary.file("llava")
        _ = try ModelConversion.run(
            ModelFolder(tiny.path, for: "a test"), to: .llava, output: path, dropsHeadBias: false)
        return path
    }

    private func prompts(_ path: String) throws -> PromptParts {
        try PromptParts(ModelFolder(path, for: "a test"))
    }

    @Test func `ids of generation_config end answers, one or several`() throws {
        let tiny = try TinyFolder()
        #expect(try prompts(tiny.path).stopIDs == [0])
        for (value, ids) in [(600, [0, 600]), ([600, 0], [0, 600])] as [(JSONValue, Set<Int>)] {
            try write(["eos_token_id": value], "generation_config.json", in: tiny.path)
            let found = try prompts(tiny.path)
            #expect(found.stopIDs == ids)
            #expect(found.notes.isEmpty)
        }
    }

    @Test func `without that file the config's ids count`() throws {
        let tiny = try TinyFolder()
        var config = try ConfigReader(contentsOf: "\(tiny.path)/config.json").object
        config["eos_token_id"] = 600
        try write(.object(config), "config.json", in: tiny.path)
        #expect(try prompts(tiny.path).stopIDs == [0, 600])
        try write(["eos_token_id": 0], "generation_config.json", in: tiny.path)
        #expect(try prompts(tiny.path).stopIDs == [0])
    }

    @Test func `an id of ordinary text ends answers only where transformers runs the folder`()
        throws
    {
        let tiny = try TinyFolder()
        try write(["eos_token_id": 40], "generation_config.json", in: tiny.path)
        let official = try prompts(tiny.path)
        #expect(official.stopIDs == [0])
        #expect(official.notes.count == 1 && official.notes[0].contains("eos_token_id"))
        let path = try llava(tiny)
        #expect(
            try JSONValue(contentsOf: "\(path)/generation_config.json")["eos_token_id"] == [0])
        try write(["eos_token_id": 40], "generation_config.json", in: path)
        let converted = try prompts(path)
        #expect(converted.stopIDs == [0, 40])
        #expect(converted.notes.count == 1 && converted.notes[0].contains("as with transformers"))
    }

    @Test(
        arguments: [
            ("repetition_penalty", 1.1), ("num_beams", 4), ("no_repeat_ngram_size", 3),
            ("suppress_tokens", [3]), ("bad_words_ids", [[3]]), ("forced_eos_token_id", 0),
            ("min_new_tokens", 5), ("guidance_scale", 1.5), ("eos_token_id", "end"),
            ("eos_token_id", -1), ("do_sample", "yes"),
        ] as [(String, JSONValue)])
    func `a setting that would change answers is refused by name`(
        _ key: String, _ value: JSONValue
    ) throws {
        let tiny = try TinyFolder()
        try write(["transformers_version": "5.17.0"], "generation_config.json", in: tiny.path)
        #expect(try prompts(tiny.path).notes.isEmpty)
        try write([key: value], "generation_config.json", in: tiny.path)
        var message = ""
        do { _ = try prompts(tiny.path) } catch { message = "\(error)" }
        #expect(message.contains("generation_config.json: \(key)"), "\(message)")
        // What does not answer does not care.
        _ = try PromptParts(ModelFolder(tiny.path, for: "a test"), answers: false)
    }

    @Test func `how answers would be drawn is reported with the options that do so`() throws {
        let tiny = try TinyFolder()
        try write(
            ["do_sample": true, "temperature": 0.6, "top_p": 0.9, "max_new_tokens": 20],
            "generation_config.json", in: tiny.path)
        let notes = try prompts(tiny.path).notes
        #expect(notes.count == 2)
        #expect(notes[0].contains("--max-tokens"))
        #expect(notes[1].contains("--temperature 0.6 --top-p 0.9 --top-k 50"), "\(notes)")
        try write(
            ["do_sample": false, "temperature": 0.6], "generation_config.json", in: tiny.path)
        #expect(try prompts(tiny.path).notes.isEmpty)
    }

    @Test(arguments: [1e19, -1e19, 1e300, 50.5, "many"] as [JSONValue])
    func `a number of tokens to draw from that is not an integer is refused by name`(
        _ value: JSONValue
    ) throws {
        let tiny = try TinyFolder()
        try write(
            ["eos_token_id": 0, "do_sample": true, "top_k": value], "generation_config.json",
            in: tiny.path)
        let error = try #require(throws: CheckpointError.self) { try prompts(tiny.path) }
        #expect(
            error.message.contains("generation_config.json: top_k: expected an integer, found"),
            "\(error)")
    }

    @Test func `an unknown chat template is refused unless one is chosen`() throws {
        let tiny = try TinyFolder()
        try AtomicFile.write("{{ 1 }}", to: "\(tiny.path)/chat_template.jinja")
        let error = try #require(throws: ChatError.self) { try prompts(tiny.path) }
        #expect(error.message.contains("\(tiny.path)/chat_template.jinja: "), "\(error)")
        let chosen = try PromptParts(ModelFolder(tiny.path, for: "a test"), template: .phi)
        #expect(chosen.notes.isEmpty)
        let report = try ModelReport(ModelFolder(tiny.path, for: "a test"))
        #expect(report.notes == [error.message] && report.template == "unknown")
        #expect(report.text.contains("chat_template.jinja"))
        let path = tiny.temporary.file("llava")
        _ = try ModelConversion.run(
            ModelFolder(tiny.path, for: "a test"), to: .llava, output: path, dropsHeadBias: false)
        #expect(
            try String(contentsOfFile: "\(path)/chat_template.jinja", encoding: .utf8) == "{{ 1 }}")
    }

    @Test func `a converted folder carries padding, template and ends`() throws {
        let tiny = try TinyFolder()
        let path = try llava(tiny)
        let file = try #require(try ImageProcessorFile(folder: path))
        #expect(file.processor.kind == .llava && file.processor.pads)
        let folder = try ModelFolder(path, for: "a test")
        #expect(try folder.aspectRatio() == .pad && folder.notes.isEmpty)
        #expect(try prompts(path).notes.isEmpty)
        #expect(
            try String(contentsOfFile: "\(path)/chat_template.jinja", encoding: .utf8)
                == ChatFormat.phi.jinja)
        let pictures = try ModelFolder(tiny.path, for: "a test")
            .images(files: [tiny.picture], pixels: nil).map(\.pixels)
        #expect(try folder.images(files: [tiny.picture], pixels: nil).map(\.pixels) == pictures)
        // Without a word in the config the processor alone decides.
        var config = try ConfigReader(contentsOf: "\(path)/config.json").object
        config["image_aspect_ratio"] = nil
        try write(.object(config), "config.json", in: path)
        let other = try ModelFolder(path, for: "a test")
        #expect(try other.images(files: [tiny.picture], pixels: nil).map(\.pixels) == pictures)
        let back = tiny.temporary.file("back")
        _ = try ModelConversion.run(other, to: .mipha, output: back, dropsHeadBias: false)
        #expect(try ImageProcessorFile(folder: back)?.processor.kind == .siglip)
        #expect(
            try ModelFolder(back, for: "a test").images(files: [tiny.picture], pixels: nil)
                .map(\.pixels) == pictures)
    }

    @Test func `a LLaVA folder that does not pad is not padded`() throws {
        let tiny = try TinyFolder()
        let path = try llava(tiny)
        try AtomicFile.write(
            try ImageProcessor.siglip(size: 14).encoded(), to: "\(path)/preprocessor_config.json")
        let folder = try ModelFolder(path, for: "a test")
        // Folders of earlier versions say it in the config alone.
        #expect(try folder.aspectRatio() == .pad)
        #expect(folder.notes.count == 1 && folder.notes[0].contains("image_aspect_ratio"))
        var config = try ConfigReader(contentsOf: "\(path)/config.json").object
        config["image_aspect_ratio"] = nil
        try write(.object(config), "config.json", in: path)
        let plain = try ModelFolder(path, for: "a test")
        #expect(try plain.aspectRatio() == .square && plain.notes.isEmpty)
        try write(
            [
                "image_processor": .object(
                    ConfigReader(contentsOf: "\(path)/preprocessor_config.json").object),
                "patch_size": 9,
            ],
            "processor_config.json", in: path)
        try FileManager.default.removeItem(atPath: "\(path)/preprocessor_config.json")
        let error = #expect(throws: FolderError.self) { try plain.imageProcessors() }
        #expect(error?.message.contains("patch_size") == true)
    }

    @Test func `a prefix space that the tokenizer's files disagree about is refused`() throws {
        let tiny = try TinyFolder()
        var config = try ConfigReader(contentsOf: "\(tiny.path)/tokenizer_config.json").object
        config["add_prefix_space"] = true
        try write(.object(config), "tokenizer_config.json", in: tiny.path)
        var message = ""
        do { _ = try prompts(tiny.path) } catch { message = "\(error)" }
        #expect(message.contains("add_prefix_space"), "\(message)")
        config["add_prefix_space"] = false
        config["add_eos_token"] = true
        try write(.object(config), "tokenizer_config.json", in: tiny.path)
        do { _ = try prompts(tiny.path) } catch { message = "\(error)" }
        #expect(message.contains("add_eos_token"), "\(message)")
        config["add_eos_token"] = nil
        config["sharpen"] = 1
        try write(.object(config), "tokenizer_config.json", in: tiny.path)
        #expect(try prompts(tiny.path).notes.count == 1)
    }

    @Test(
        arguments: [
            "config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json",
            "tokenizer_config.json",
        ], [false, true])
    func `a file in UTF-16 is refused by name and encoding`(
        _ name: String, _ hasMark: Bool
    ) throws {
        let tiny = try TinyFolder()
        let path = "\(tiny.path)/\(name)"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? "{\"eos_token_id\": 0}"
        let units = (hasMark ? [0xFEFF] : []) + Array(text.utf16)
        try AtomicFile.write(units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, to: path)
        var message = ""
        do {
            _ = try prompts(tiny.path)
            _ = try ModelFolder(tiny.path, for: "a test").imageProcessors()
        } catch {
            message = "\(error)"
        }
        #expect(
            message.hasSuffix(
                "\(name): expected JSON in UTF-8, found text in UTF-16; save it as UTF-8"),
            "\(message)")
    }

    @Test(arguments: [false, true])
    func `the template of tokenizer_json counts where add_bos_token contradicts it`(
        hasTemplate: Bool
    ) throws {
        let tiny = try TinyFolder()
        let template: JSONValue = [
            "type": "TemplateProcessing",
            "single": [
                ["SpecialToken": ["id": "<|endoftext|>", "type_id": 0]],
                ["Sequence": ["id": "A", "type_id": 0]],
            ],
            "pair": [], "special_tokens": [:],
        ]
        var whole = try ConfigReader(contentsOf: "\(tiny.path)/tokenizer.json").object
        if hasTemplate { whole["post_processor"] = template }
        try write(.object(whole), "tokenizer.json", in: tiny.path)
        var config = try ConfigReader(contentsOf: "\(tiny.path)/tokenizer_config.json").object
        for adds in [nil, false, true] as [Bool?] {
            config["add_bos_token"] = adds.map { .bool($0) }
            try write(.object(config), "tokenizer_config.json", in: tiny.path)
            let tokenizer = try ModelFolder(tiny.path, for: "a test").tokenizer()
            #expect(tokenizer.addsBeginningOfText == hasTemplate)
            let isTold = adds != nil && adds != hasTemplate
            #expect(tokenizer.notes.count == (isTold ? 1 : 0), "\(tokenizer.notes)")
            #expect(
                tokenizer.notes.allSatisfy {
                    $0.contains("tokenizer_config.json: add_bos_token: \(!hasTemplate), but")
                        && $0.contains("post_processor of tokenizer.json")
                })
        }
        // Without tokenizer.json the key is all there is.
        try FileManager.default.removeItem(atPath: "\(tiny.path)/tokenizer.json")
        #expect(try ModelFolder(tiny.path, for: "a test").tokenizer().addsBeginningOfText)
    }

    @Test func `files edited on Windows are read`() throws {
        let tiny = try TinyFolder()
        for name in ["config.json", "preprocessor_config.json", "tokenizer_config.json"] {
            let text = try String(contentsOfFile: "\(tiny.path)/\(name)", encoding: .utf8)
            try AtomicFile.write(
                "\u{FEFF}" + text.replacing("\n", with: "\r\n"), to: "\(tiny.path)/\(name)")
        }
        try AtomicFile.write(
            "\u{FEFF}{\"eos_token_id\": 600}", to: "\(tiny.path)/generation_config.json")
        #expect(try prompts(tiny.path).stopIDs == [0, 600])
        #expect(try ModelFolder(tiny.path, for: "a test").imageProcessors()[0].outputWidth == 14)
    }
}
