import MiphaTestSupport
import Testing

/// The golden files themselves.
@Suite struct ManifestTests {
    @Test(
        arguments: [
            ("goldens", 20), ("families", 15), ("adapters", 20), ("adapter-options", 30),
            ("torch-save", 5),
            ("preference", 0),
            ("preference-run", 8),
            ("optimizer", 0),
        ])
    func `every golden file is listed, with its size, hash and tensors`(
        _ folder: String, _ least: Int
    ) throws {
        let manifest = try GoldenManifest(folder)
        #expect(manifest.files.count > least)
        #expect(manifest.unlisted() == [])
        for file in manifest.files {
            #expect(try manifest.problems(of: file) == [])
        }
    }
}
