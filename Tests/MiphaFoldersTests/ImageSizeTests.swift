import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTinyFolder
import MiphaTorch
import Testing

/// Folders that are opened, or written, at another image size than theirs.
@Suite struct ImageSizeTests {
    private static let table =
        "model.vision_tower.vision_model.embeddings.position_embedding.weight"

    @Test func `config, weights and image preprocessing follow the chosen size`() throws {
        let tiny = try TinyFolder()
        let folder = try ModelFolder(tiny.path, imageSize: 28, for: "a test")
        #expect(folder.config.tokensPerImage == 16)
        #expect(try folder.imageProcessors() == [.siglip(size: 28)])
        let image = try folder.images(files: [tiny.picture], pixels: nil)[0]
        #expect(image.pixels.map(\.shape) == [[3, 28, 28]])
        let model = try folder.model(device: .cpu)
        #expect(model.store[Self.table]?.shape == [16, 16])
        let stored = try ModelFolder(tiny.path, for: "a test").model(device: .cpu)
        let expected = try PositionInterpolation()(
            #require(stored.store[Self.table]), leading: 0, side: 4)
        #expect(
            try haveSameBits(
                #require(model.store[Self.table]).values(as: Float.self),
                expected.values(as: Float.self)))
        #expect(
            try folder.fingerprint(dtype: nil)
                != ModelFolder(tiny.path, for: "a test").fingerprint(dtype: nil))
        let table = try #require(try folder.storedTensors().find(Self.table))
        let mapped = try Tensor.mapped(table.entry, of: table.file)
        #expect(try folder.positionResizing()(mapped, Self.table).shape == [16, 16])
    }

    @Test(arguments: CheckpointLayout.allCases)
    func `a folder written at a size is one of that size`(_ layout: CheckpointLayout) throws {
        let tiny = try TinyFolder()
        let folder = try ModelFolder(tiny.path, imageSize: 21, for: "a test")
        let output = tiny.temporary.file("larger")
        _ = try ModelConversion.run(folder, to: layout, output: output, dropsHeadBias: true)
        let again = try ModelFolder(output, for: "a test")
        #expect(again.config.tokensPerImage == 9)
        #expect(try again.imageProcessors()[0].outputWidth == 21)
        #expect(try ModelReport(again).isComplete)
        let images = try [folder, again].map {
            try $0.images(files: [tiny.picture], pixels: nil)[0].pixels[0].values
        }
        #expect(images[0] == images[1])
        // What was not chosen is copied as it is.
        let other = tiny.temporary.file("same")
        _ = try ModelConversion.run(
            ModelFolder(tiny.path, imageSize: 14, for: "a test"), to: .mipha, output: other,
            dropsHeadBias: true)
        let name = "preprocessor_config.json"
        #expect(
            try FileSystem.read("\(other)/\(name)", limit: 1 << 20)
                == FileSystem.read("\(tiny.path)/\(name)", limit: 1 << 20))
    }

    @Test func `a size that the tower cannot have is refused`() throws {
        let tiny = try TinyFolder()
        let error = #expect(throws: CheckpointError.self) {
            try ModelFolder(tiny.path, imageSize: 6, for: "a test")
        }
        #expect(error?.message.contains("image_size: expected 7") == true)
    }

    @Test func `a tower alone or beside a text tower is read, at another size too`() throws {
        let fixture = PackagePaths.fixture("families/siglip-phi/model")
        let whole = try MiphaModel(folder: fixture, device: .cpu)
        let config = try #require(
            try ConfigReader(contentsOf: "\(fixture)/config.json").object["vision_config"])
        let file = try SafetensorsFile(path: "\(fixture)/model.safetensors")
        let own = file.entries.filter { $0.name.hasPrefix("vision_tower.") }
        for isWhole in [false, true] {
            let temporary = try TemporaryFolder()
            let value: JSONValue =
                isWhole ? ["model_type": "siglip", "vision_config": config] : config
            try value.write(to: temporary.file("config.json"))
            let declarations = own.map { entry in
                let rest = entry.name.dropFirst("vision_tower.".count)
                return TensorDeclaration(
                    name: isWhole ? "vision_model.\(rest)" : String(rest),
                    scalarType: entry.scalarType, shape: entry.shape)
            }
            let text = TensorDeclaration(
                name: "text_model.embeddings.token_embedding.weight", scalarType: .float32,
                shape: [1])
            var writer = try SafetensorsWriter(
                path: temporary.file("model.safetensors"),
                entries: declarations + (isWhole ? [text] : []))
            for entry in own { try writer.write(file.floats(entry.name)) }
            if isWhole { try writer.write([Float(1)]) }
            try writer.finish()

            let folder = try TowerFolder(temporary.path)
            #expect(folder.tower.isEqual(whole.config.vision))
            for size in [17, 34] {
                let tower = try folder.tower.resized(to: size)
                let store = ParameterStore(source: try folder.source(for: tower, device: .cpu))
                _ = try tower.tower(in: store.scope(.tower)["model"])
                try store.finish()
                let expected = try MiphaModel(folder: fixture, imageSize: size, device: .cpu)
                for (name, tensor) in store.parameters {
                    let other = try #require(expected.store[name])
                    #expect(
                        try haveSameBits(
                            tensor.values(as: Float.self), other.values(as: Float.self)), "\(name)")
                }
                #expect(store.names.count == own.count)
            }
        }
    }
}
