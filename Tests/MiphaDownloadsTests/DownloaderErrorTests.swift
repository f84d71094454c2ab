import Foundation
import MiphaDownloads
import MiphaFiles
import MiphaTestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DownloaderErrorTests {
    private let folder: TemporaryFolder
    private let downloader = Downloader(attempts: 2, firstPause: 0)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func file(
        _ server: FileServer, name: String = "a.bin", bytes: Int? = nil,
        sha256: String? = nil, md5: String? = nil
    ) -> RemoteFile {
        .init(
            server.url("/\(name)"), as: name, content: "test data", bytes: bytes, sha256: sha256,
            md5: md5)
    }

    private func failure(_ file: RemoteFile) async throws -> DownloadError {
        try await #require(throws: DownloadError.self) {
            _ = try await downloader.fetch([file], into: folder.path)
        }
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test(arguments: [
        (404, "by hand"), (403, "login"), (401, "login"), (410, "moved"), (400, "200"),
    ])
    func `a refusal is final and says what to do`(_ status: Int, _ mention: String) async throws {
        let server = try FileServer { _, _ in .init(status: status, body: Array("no".utf8)) }
        let error = try await failure(file(server))
        #expect(error.code == .network && error.message.contains("found \(status)"))
        #expect(error.message.contains(mention), "\(error.message)")
        #expect(server.requests.count == 1)
        #expect(try names().isEmpty)
    }

    @Test(arguments: [
        ("text/html; charset=utf-8", "<html>sign in</html>", "web page"),
        ("application/octet-stream", "<!DOCTYPE html><html></html>", "web page"),
        ("text/plain", "version https://git-lfs.github.com/spec/v1\noid x", "Git LFS"),
        ("application/zip", "Rar!\u{1A}", "expected a zip archive"),
    ])
    func `what is not the file is not kept`(
        _ type: String, _ body: String, _ mention: String
    ) async throws {
        let server = try FileServer { _, _ in
            .init(headers: [("Content-Type", type)], body: Array(body.utf8))
        }
        let error = try await failure(file(server, name: "a.zip"))
        #expect(error.message.contains(mention), "\(error.message)")
        #expect(try names().isEmpty)
    }

    @Test func `hashes and sizes that differ are errors and leave nothing`() async throws {
        let server = try FileServer { request, _ in .file(Array("hello".utf8), request) }
        let sum = SHA256Digest(of: Array("hello".utf8)).hex
        let wrong = String(repeating: "0", count: 64)
        for (file, mention) in [
            (file(server, sha256: wrong), "published SHA-256"),
            (file(server, md5: String(repeating: "0", count: 32)), "published MD5"),
            (file(server, bytes: 6), "6 bytes, found 5"),
        ] {
            let error = try await failure(file)
            #expect(error.message.contains(mention), "\(error.message)")
            #expect(try names().isEmpty)
        }
        let right = file(
            server, bytes: 5, sha256: sum, md5: "5d41402abc4b2a76b9719d911017c592")
        #expect(try await downloader.fetch([right], into: folder.path).map(\.isPublished) == [true])
    }

    @Test func `a file of unknown length that is too short or too long is an error`() async throws {
        for body in ["hell", "hello!"] {
            let server = try FileServer { _, _ in
                .init(body: Array(body.utf8), toldLength: -1)
            }
            let error = try await failure(file(server, bytes: 5))
            #expect(error.message.contains("5"), "\(error.message)")
            #expect(try !names().contains("a.bin"))
        }
        let server = try FileServer { _, _ in
            .init(body: Array("hello".utf8), toldLength: -1)
        }
        #expect(try await downloader.fetch([file(server)], into: folder.path).map(\.bytes) == [5])
    }

    @Test func `a server that always promises more than it sends is given up`() async throws {
        let server = try FileServer { _, _ in
            .init(body: Array("hello".utf8), toldLength: 500)
        }
        let error = try await failure(file(server))
        #expect(error.code == .network && server.requests.count <= 4)
        #expect(try !names().contains("a.bin"))
    }

    @Test func `a source that changed since the first download is noticed`() async throws {
        let first = try FileServer { request, _ in .file(Array("hello".utf8), request) }
        let source = file(first)
        _ = try await downloader.fetch([source], into: folder.path)
        var manifest = try DownloadManifest(folder: folder.path)
        try manifest.record(
            .init(
                name: "a.bin", url: source.url, bytes: 5,
                sha256: SHA256Digest(of: Array("hallo".utf8)).hex, isPublished: false))
        FileSystem.remove(folder.file("a.bin"))
        let error = try await failure(source)
        #expect(error.message.contains("the source has changed"), "\(error.message)")
        #expect(error.message.contains("fetched.json"))
        #expect(try names() == ["fetched.json"])
    }

    @Test func `an answer too large for the disk is refused before it is written`() async throws {
        let server = try FileServer { _, _ in
            .init(body: Array("hello".utf8), toldLength: 1 << 60)
        }
        let error = try await failure(file(server))
        #expect(error.code == .system && error.message.contains("free"), "\(error.message)")
        #expect(server.requests.count == 1)
    }

    @Test func `no server, no address, no folder`() async throws {
        let dead: String = try {
            let server = try FileServer { _, _ in .init() }
            return server.url("/x")
        }()
        #expect(
            try await failure(.init(dead, as: "a.bin", content: "x")).message.contains("attempts"))
        for url in ["ftp://127.0.0.1/x", "", "file:///etc/passwd"] {
            let error = try await failure(.init(url, as: "a.bin", content: "x"))
            #expect(error.code == .invalidRequest)
        }
        try AtomicFile.write("x", to: folder.file("taken"))
        await #expect(throws: DownloadError.self) {
            _ = try await downloader.fetch([], into: folder.file("taken"))
        }
    }

    @Test func `a stopped download keeps its part`() async throws {
        let body = [UInt8](repeating: 1, count: 1 << 20)
        let isStopped = DispatchSemaphore(value: 0)
        let server = try FileServer { request, number in
            if number > 0 { isStopped.wait() }
            return .file(body, request, sent: number == 0 ? 1000 : nil)
        }
        let source = file(server)
        let (downloader, path) = (downloader, folder.path)
        let task = Task {
            try await downloader.fetch([source], into: path)
        }
        while server.requests.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: DownloadError.self) { _ = try await task.value }
        isStopped.signal()
        #expect(try names() == ["a.bin.part", "a.bin.part.json"])
    }

    @Test(arguments: ["{", "[]", #"{"files":[1]}"#, #"{"files":[{"name":"a"}]}"#, "\u{0}", ""])
    func `a damaged record is named`(_ text: String) async throws {
        try AtomicFile.write(text, to: folder.file("fetched.json"))
        let error = #expect(throws: DownloadError.self) {
            try DownloadManifest(folder: folder.path)
        }
        #expect(error?.message.contains("fetched.json") == true)
    }
}
