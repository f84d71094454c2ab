import MiphaTestSupport
import Testing

/// The golden files themselves.
@Suite struct ManifestTests {
    @Test func `every golden file is listed, with its size and tensors`() throws {
        let manifest = try GoldenManifest()
        #expect(manifest.files.count > 20)
        #expect(manifest.unlisted() == [])
        for file in manifest.files {
            #expect(try manifest.problems(of: file) == [])
        }
    }
}
