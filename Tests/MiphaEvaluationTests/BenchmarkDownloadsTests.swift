import Foundation
import MiphaBenchmarks
import MiphaDownloads
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Testing

struct BenchmarkDownloadsTests {
    @Test func `every entry is complete`() throws {
        #expect(Set(BenchmarkDownloads.all.map(\.benchmark)).count == BenchmarkDownloads.all.count)
        for download in BenchmarkDownloads.all {
            #expect(
                !download.licence.isEmpty && !(download.files + []).isEmpty
                    || !download.manual.isEmpty)
            #expect(Set(download.files.map(\.remote.name)).count == download.files.count)
            for file in download.files.map(\.remote) {
                let url = try #require(URL(string: file.url))
                #expect(
                    ["http", "https"].contains(url.scheme) && url.host()?.contains(".") == true)
                #expect(!file.name.hasPrefix("/") && !file.name.contains(".."))
                #expect(file.sha256.map { $0.utf8.count == 64 } ?? true)
                #expect(file.md5.map { $0.utf8.count == 32 } ?? true)
                #expect(file.sha256 == nil || file.bytes != nil)
                #expect(!file.content.isEmpty)
            }
            for file in download.manual {
                #expect(file.page.hasPrefix("https://") && file.instruction.hasSuffix("."))
            }
        }
    }

    @Test func `benchmarks of the catalogue can be looked up`() throws {
        #expect(try BenchmarkDownloads.named("TextVQA").files.count == 3)
        #expect(throws: EvaluationError.self) { try BenchmarkDownloads.named("nothing") }
        for benchmark in BenchmarkCatalog.all where benchmark.card.licence != "yours" {
            _ = try? BenchmarkDownloads.named(benchmark.card.id)
        }
    }

    @Test func `files of the wanted kinds are chosen in their order`() throws {
        let download = try BenchmarkDownloads.named("vqav2")
        #expect(download.files(of: [.pictures]).map(\.name) == ["val2014.zip", "test2015.zip"])
        #expect(download.files(of: [.pictures, .annotations]) == download.files.map(\.remote))
        #expect(download.files(of: []).isEmpty)
    }

    @Test func `what is to be done by hand says where and why`() throws {
        let text = try BenchmarkDownloads.named("docvqa").instructions(folder: "data/docvqa")
        #expect(text.contains("data/docvqa/val_v1.0.json (needed)"))
        #expect(text.contains("rrc.cvc.uab.es") && text.contains("account"))
        #expect(try BenchmarkDownloads.named("mmbench").instructions(folder: "x").isEmpty)
    }

    @Test(
        .enabled(if: PackagePaths.sharedData("data/scorers/pope/coco") != nil),
        arguments: [
            ("pope", "coco/coco_pope_random.json"), ("pope", "coco/coco_pope_popular.json"),
            ("pope", "coco/coco_pope_adversarial.json"), ("mmmu", "answer_dict_val.json"),
        ])
    func `published hashes are those of real files`(_ id: String, _ name: String) throws {
        let path = try #require(PackagePaths.sharedData("data/scorers/\(id)/\(name)"))
        let bytes = try FileSystem.read(path, limit: 1 << 24)
        let file = try #require(
            try BenchmarkDownloads.named(id).files.map(\.remote)
                .first { $0.name == name })
        #expect(file.bytes == bytes.count && file.sha256 == SHA256Digest(of: bytes).hex)
    }
}
