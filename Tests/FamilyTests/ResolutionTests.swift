import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Towers at their own and at other image sizes, against transformers (Tools/goldens/resolutions.py).
@Suite struct ResolutionTests {
    /// A tower at an image size, of which the first is that of its table of positions.
    struct Case: Sendable, CustomTestStringConvertible {
        let family: FamilyCase
        let size: Int
        let own: Int

        var isOwn: Bool { size == own }
        var testDescription: String { "\(family.rawValue) at \(size)" }

        static let all: [Case] =
            [FamilyCase.siglipPhi, .clipLlama].flatMap { family in
                [17, 11, 34].map { Case(family: family, size: $0, own: 17) }
            }
            + [FamilyCase.dinov2Llama, .dinov2RegistersPhi].flatMap { family in
                [33, 20, 47].map { Case(family: family, size: $0, own: 33) }
            }

        /// Interpolates in each forward pass too.
        var isDINOv2: Bool { own == 33 }

        func golden() throws -> GoldenFile { try family.file("resolutions") }

        func model(_ folder: String? = nil, imageSize: Int? = nil) throws -> MiphaModel {
            try Engine.setThreadCount(1)
            return try MiphaModel(
                folder: folder ?? family.folder, imageSize: imageSize, device: .underTest)
        }

        /// Features of the golden file's pixels.
        func features(_ model: MiphaModel) throws -> Tensor {
            let file = try golden()
            let name = "pixels.\(size)"
            let pixels = try Tensor(
                file.floats(name), shape: file.shape(name), device: .underTest)
            return try withoutGradients { try model.tower(pixels) }
        }

        /// The name of the table of positions.
        var table: String {
            isDINOv2
                ? "model.vision_tower.dinov2.embeddings.position_embeddings"
                : "model.vision_tower.vision_model.embeddings.position_embedding.weight"
        }
    }

    private static let close = Tolerance(relative: 1e-6)

    @Test(arguments: Case.all)
    func `features at an image size are transformers' with interpolated positions`(
        _ item: Case
    ) throws {
        let model = try item.model(imageSize: item.size)
        let file = try item.golden()
        let table = try #require(model.store[item.table])
        try requireClose(
            "table", table, file.floats("table.\(item.size)"), Self.close)
        let features = try item.features(model)
        #expect(features.size(1) == model.config.vision.grid.count)
        try requireClose(
            "features", features, file.floats("features.\(item.size)"), .of(.activation))
    }

    @Test(arguments: Case.all.filter { $0.isDINOv2 })
    func `DINOv2 gives the same when it interpolates in each pass, and keeps its table`(
        _ item: Case
    ) throws {
        let temporary = try TemporaryFolder()
        let folder = try temporary.copy(of: item.family.folder, named: "model")
        let path = "\(folder)/config.json"
        var config = try ConfigReader(contentsOf: path).object
        var tower = try #require(config["vision_config"]?.objectValue)
        tower["mm_vision_image_size"] = .integer(item.size)
        config["vision_config"] = .object(tower)
        try JSONValue.object(config).write(to: path)
        let model = try item.model(folder)
        #expect(model.config.vision.inputs[0].width == item.size)
        #expect(model.store[item.table]?.shape == [1, 37, 24])
        try requireClose(
            "features", item.features(model), item.golden().floats("features.\(item.size)"),
            .of(.activation))
    }

    @Test(arguments: Case.all.filter { !$0.isOwn })
    func `positions are interpolated in the family's type, and as transformers 4.38 on request`(
        _ item: Case
    ) throws {
        let model = try item.model()
        let positions = model.config.vision.towers[0].positions
        let table = try #require(model.store[item.table])
        let file = try item.golden()
        let side = item.size / model.config.vision.towers[0].patchSize
        let rounded = try positions.interpolation(
            table.to(dtype: .bfloat16), leading: positions.leading, side: side
        ).values(as: Float.self)
        let expected = try file.floats("bfloat16.\(item.size)")
        #expect(rounded.count == expected.count)
        let equal = zip(rounded, expected).count { $0 == $1 }
        #expect(equal * 100 >= expected.count * 99)
        guard item.isDINOv2 else { return }
        let old = PositionInterpolation(isInFloat32: true, scale: .scaleFactor)
        try requireClose(
            "scaled", old(table, leading: 1, side: side), file.floats("scaled.\(item.size)"),
            Self.close)
    }

    @Test(arguments: Case.all.filter { !$0.isOwn })
    func `a folder written at another size has its table in it, and the config says the size`(
        _ item: Case
    ) throws {
        let model = try item.model(imageSize: item.size)
        let features = try item.features(model).values(as: Float.self)
        for layout in CheckpointLayout.allCases {
            let temporary = try TemporaryFolder()
            try model.save(
                to: temporary.path, options: MiphaModel.SaveOptions(layout: layout))
            let config = try MiphaConfig(folder: temporary.path)
            #expect(config.vision.isEqual(model.config.vision))
            let top = try ConfigReader(contentsOf: "\(temporary.path)/config.json")
            let tower = try top.object("vision_config")
            let sizes = layout == .llava ? tower : try tower.object("vision_tower")
            #expect(try sizes.int("image_size") == item.size)
            let again = try item.model(temporary.path)
            #expect(again.store[item.table]?.shape == model.store[item.table]?.shape)
            #expect(try haveSameBits(item.features(again).values(as: Float.self), features))
        }
    }

    @Test func `gradients of the stored table come through the interpolation`() throws {
        let table = try Tensor(
            (0..<37 * 4).map { Float($0 % 11) / 11 }, shape: [1, 37, 4], device: .underTest)
        for antialiases in [false, true] {
            let leaf = try table.cloned()
            try leaf.setRequiresGradient(true)
            let rule = PositionInterpolation(antialiases: antialiases, isInFloat32: true)
            try rule(leaf, leading: 1, side: 3).sum().backward()
            let gradient = try #require(try leaf.gradient()).values(as: Float.self)
            // The weights of a sample's sources sum to one, so the gradient does to 1 + 9 rows.
            #expect(abs(gradient.reduce(0, +) - 40) < 1e-3)
            #expect(gradient.prefix(4).allSatisfy { $0 == 1 })
        }
    }

    @Test func `a size without a patch, or with other grids of two towers, is refused`() throws {
        for (family, side, expected) in [
            (FamilyCase.siglipPhi, 4, "image_size: expected 5"),
            (.siglipClipPhi, 20, "image_size 20: expected 4 x 4 patches"),
        ] {
            let config = try MiphaConfig(folder: family.folder)
            let error = #expect(throws: CheckpointError.self) { try config.resized(to: side) }
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
        }
    }
}
