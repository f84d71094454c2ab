import Foundation
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaTestSupport
import MiphaTokenizers
import Testing

/// The lists of fields against what is published, and against the document that prints them.
@Suite struct FieldListTests {
    private static let lists =
        [
            MiphaConfig.fields(.mipha), MiphaConfig.fields(.llava), GenerationFile.fields,
            ImageProcessor.fields, ImageProcessor.processorFields,
        ] + Tokenizer.fields + MiphaConfig.fieldsOfFamilies

    private static let configs = PackagePaths.fixture("configs")

    /// The list for a file, and the file's object as the list sees it.
    private static func part(
        of name: String, in folder: String, _ object: JSONObject
    ) -> (fields: FileFields, object: JSONObject)? {
        let kind = folder.split(separator: "/").last.map(String.init)
        switch (name.replacing(".all", with: ""), kind) {
        case ("config.json", "phi"):
            return (MiphaConfig.fields(.llava), ["text_config": .object(object)])
        case ("config.json", "siglip"):
            return (MiphaConfig.fields(.llava), ["vision_config": .object(object)])
        case ("config.json", _):
            let isLLaVA = object["model_type"] == "llava"
            return (MiphaConfig.fields(isLLaVA ? .llava : .mipha), object)
        case ("generation_config.json", _): return (GenerationFile.fields, object)
        case ("preprocessor_config.json", _): return (ImageProcessor.fields, object)
        case ("processor_config.json", _): return (ImageProcessor.processorFields, object)
        case ("tokenizer_config.json", _): return (Tokenizer.fields[0], object)
        case ("special_tokens_map.json", _): return (Tokenizer.fields[1], object)
        default: return nil
        }
    }

    @Test func `every field that is published or saved by transformers is on a list`() throws {
        var count = 0
        for root in [Self.configs, PackagePaths.fixture("goldens")] {
            let names = try #require(FileManager.default.enumerator(atPath: root))
            for case let name as String in names where name.hasSuffix(".json") {
                let path = "\(root)/\(name)"
                guard let object = try JSONValue(contentsOf: path).objectValue,
                    let (fields, seen) = Self.part(
                        of: FileSystem.name(of: path), in: FileSystem.folder(of: path), object)
                else { continue }
                #expect(fields.examine(seen, file: path) == FileFields.Findings(), "\(name)")
                count += 1
            }
        }
        #expect(count >= 55)
    }

    @Test(arguments: ["4.38.2", "4.57.1", "5.17.0"])
    func `configs of each version of transformers are read`(_ version: String) throws {
        for name in ["config.json", "config.all.json"] {
            let path = "\(Self.configs)/\(version)/llava/\(name)"
            let folder = try TemporaryFolder()
            try AtomicFile.write(
                FileSystem.read(path, limit: 1 << 20), to: folder.file("config.json"))
            let config = try MiphaConfig(folder: folder.path)
            let vision = try #require(config.vision as? SigLIPConfig)
            #expect(vision.imageSize == 28 && vision.hasPoolingHead)
            let language = try #require(config.language as? PhiConfig)
            #expect(language.vocabularySize == 640)
            #expect(language.partialRotaryFactor == 0.5)
            #expect(config.imageTokenID == 617 && config.imageAspectRatio == nil)
            #expect(!language.headHasBias)
        }
        let pictures = try #require(
            try ImageProcessorFile(folder: "\(Self.configs)/\(version)/llava"))
        #expect(pictures.processor.kind == .siglip && pictures.processor.outputWidth == 28)
        #expect(pictures.notes.isEmpty)
    }

    @Test func `the published config of Mipha-3B is read without a word`() throws {
        let config = try MiphaConfig(folder: "\(Self.configs)/Mipha-3B")
        #expect(config.vision.isEqual(MiphaConfig.mipha3B.vision))
        #expect(config.language.isEqual(MiphaConfig.mipha3B.language))
        #expect(config.imageAspectRatio == "pad")
        #expect(config.findings("config.json") == FileFields.Findings())
    }

    @Test func `no field is on a list twice`() {
        func check(_ list: FileFields) {
            let names = list.fields.flatMap(\.names)
            let twice = Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys
            // These have a part of their own and say something as a whole too.
            #expect(
                Set(twice).subtracting(["model_type", "architectures", "eos_token_id"]).isEmpty,
                "\(list.title): \(twice.sorted())")
            for case .object(let inner) in list.fields.map(\.rule) { check(inner) }
        }
        Self.lists.forEach(check)
    }

    /// After a change on purpose, `MIPHA_WRITE_SNAPSHOTS=1` writes it anew.
    @Test func `the document of fields says what the lists say`() throws {
        let path = "\(PackagePaths.root)/docs/fields.md"
        let text = FieldDocument.text(Self.lists)
        if ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1" {
            try AtomicFile.write(text, to: path)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}

/// `docs/fields.md`.
private enum FieldDocument {
    static func text(_ lists: [FileFields]) -> String {
        """
        # The fields of a model folder's files

        What happens with each field of the files that others write. A field that would change results
        is used, or refused with its name when it is set to something that is not done; a field that is
        on no list is reported on standard error. `null` counts as absent. This document is made from the
        lists in the code (`FileFields`), which a test compares with it and with what transformers
        4.38, 4.57 and 5.17 save.

        A folder's chat template (`chat_template.jinja`, `chat_template.json`, or `chat_template` in
        `processor_config.json` or `tokenizer_config.json`, the first that is there) is not run: one
        that is known as one of the formats of docs/chat-formats.md is used, in training and for prompts;
        any other is refused, unless `--template`, or `template` of a run file, has chosen a format.

        Images that are not square are treated as the image preprocessing says (`do_pad` of
        `LlavaImageProcessor`) or, where that cannot say it, as `image_aspect_ratio` of `config.json`
        says. A folder written in the layout hf-llava says it in `preprocessor_config.json`, so that
        transformers makes the same pixels: all digits with Pillow (`backend="pil"`), up to one level of
        256 with its torchvision classes.

        A model of two vision towers side by side has the second in `vision_tower_2`, and its image
        preprocessing in `preprocessor_config_2.json`, in the fields of `preprocessor_config.json`. This form
        is of this program: no published folder has one.

        """
            + lists.map { list in
                """

                ## \(list.title)

                | field | what happens | |
                |---|---|---|
                \(rows(list, prefix: "").joined(separator: "\n"))

                """
            }.joined()
    }

    private static func rows(_ list: FileFields, prefix: String) -> [String] {
        list.fields.flatMap { field -> [String] in
            if case .object(let inner) = field.rule {
                return rows(inner, prefix: "\(prefix)\(field.names[0]).")
            }
            let names = field.names.map { "`\(prefix)\($0)`" }.joined(separator: ", ")
            return ["| \(names) | \(words(field.rule)) | \(field.remark) |"]
        }
    }

    private static func words(_ rule: FileFields.Rule) -> String {
        switch rule {
        case .used: "used"
        case .harmless: "changes nothing"
        case .told(let quiet):
            quiet.isEmpty ? "reported" : "reported unless \(values(quiet))"
        case .only(let allowed):
            allowed.isEmpty ? "refused" : "refused unless \(values(allowed))"
        case .onlyInTraining(let allowed): "refused in training unless \(values(allowed))"
        case .object: "used"
        }
    }

    private static func values(_ values: [JSONValue]) -> String {
        values.map { "`\((try? $0.text(.compact)) ?? "?")`" }.joined(separator: ", ")
    }
}
