import Foundation
import Logging
import MiphaDownloads
import MiphaFiles
import MiphaTestSupport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DownloaderTests {
    static let body: [UInt8] = {
        var random = SplitMix64(seed: 5)
        return (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next() as UInt64) }
    }()
    static let sum = SHA256Digest(of: body).hex

    private let folder: TemporaryFolder
    private let downloader = Downloader(attempts: 3, firstPause: 0)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func files(
        _ server: FileServer, name: String = "data.bin", bytes: Int? = nil,
        sha256: String? = nil, md5: String? = nil
    ) -> [RemoteFile] {
        [
            RemoteFile(
                server.url("/\(name)"), as: name, content: "test data", bytes: bytes,
                sha256: sha256, md5: md5)
        ]
    }

    private func content(_ name: String = "data.bin") -> [UInt8]? {
        try? FileSystem.read(folder.file(name), limit: 1 << 24)
    }

    private func failure(_ files: [RemoteFile]) async throws -> DownloadError {
        try await #require(throws: DownloadError.self) {
            _ = try await downloader.fetch(files, into: folder.path)
        }
    }

    @Test func `a file arrives whole with its hash recorded`() async throws {
        let server = try FileServer { request, _ in .file(Self.body, request) }
        let seen = Mutex([Downloader.Progress]())
        let outcomes = try await downloader.fetch(files(server), into: folder.path) { progress in
            seen.withLock { $0.append(progress) }
        }
        #expect(content() == Self.body)
        #expect(outcomes.map(\.way) == [.downloaded])
        #expect(outcomes.map(\.sha256) == [Self.sum])
        let manifest = try DownloadManifest(folder: folder.path)
        #expect(manifest["data.bin"]?.sha256 == Self.sum)
        #expect(manifest["data.bin"]?.isPublished == false)
        let steps = seen.withLock { $0 }
        #expect(steps.last?.bytes == Self.body.count && steps.last?.total == Self.body.count)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.bytes < $1.bytes })
        #expect(server.requests.count == 1)
        #expect(server.requests.first?.headers["accept-encoding"] == "identity")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.sorted() == ["data.bin", "fetched.json"])
    }

    @Test func `a file that is there is checked and not asked for again`() async throws {
        let server = try FileServer { request, _ in .file(Self.body, request) }
        _ = try await downloader.fetch(files(server), into: folder.path)
        let again = try await downloader.fetch(files(server), into: folder.path)
        #expect(again.map(\.way) == [.present])
        #expect(server.requests.count == 1)
        try AtomicFile.write(Array(Self.body.dropLast()), to: folder.file("data.bin"))
        let error = try await failure(files(server))
        #expect(error.code == .mismatch && error.message.contains("recorded SHA-256"))
    }

    @Test func `a file put by hand is taken over`() async throws {
        let server = try FileServer { request, _ in .file(Self.body, request) }
        try AtomicFile.write(Self.body, to: folder.file("data.bin"))
        let outcomes = try await downloader.fetch(
            files(server, sha256: Self.sum), into: folder.path)
        #expect(outcomes.map(\.way) == [.adopted] && outcomes.map(\.isPublished) == [true])
        #expect(server.requests.isEmpty)
        #expect(try DownloadManifest(folder: folder.path)["data.bin"]?.bytes == Self.body.count)
    }

    @Test(arguments: ["\"v1\"", nil, "W/\"weak\""] as [String?])
    func `a cut connection is continued where it broke`(_ tag: String?) async throws {
        let server = try FileServer { request, number in
            .file(Self.body, request, tag: tag, sent: number < 2 ? 100_000 : nil)
        }
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == Self.body)
        let starts = server.requests.map(\.start)
        #expect(starts == [nil, 100_000, 200_000])
        #expect(server.requests.last?.headers["if-range"] == (tag == "\"v1\"" ? tag : nil))
    }

    @Test func `a download goes on after the program ended`() async throws {
        let server = try FileServer { request, number in
            .file(Self.body, request, sent: number == 0 ? 70_000 : nil)
        }
        let once = Downloader(attempts: 1, firstPause: 0)
        await #expect(throws: DownloadError.self) {
            _ = try await once.fetch(files(server), into: folder.path)
        }
        #expect(content("data.bin.part")?.count == 70_000 && content() == nil)
        _ = try await once.fetch(files(server), into: folder.path)
        #expect(content() == Self.body)
        #expect(server.requests.map(\.start) == [nil, 70_000])
    }

    @Test func `a part of an older file is thrown away`() async throws {
        let other = [UInt8](repeating: 7, count: 200_000)
        let server = try FileServer { request, number in
            number == 0
                ? .file(Self.body, request, tag: "\"old\"", sent: 50_000)
                : .file(other, request, tag: "\"new\"")
        }
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == other)
        // Without a tag the other size gives it away.
        let second = try FileServer { request, number in
            number == 0
                ? .file(Self.body, request, tag: nil, sent: 50_000)
                : .file(other, request, tag: nil)
        }
        let next = try folder.folder("second")
        _ = try await downloader.fetch(files(second), into: next)
        #expect(content("second/data.bin") == other)
    }

    @Test func `a part without its note or of another address starts anew`() async throws {
        let server = try FileServer { request, _ in .file(Self.body, request) }
        try AtomicFile.write([1, 2, 3], to: folder.file("data.bin.part"))
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == Self.body && server.requests.map(\.start) == [nil])
    }

    @Test func `a server without ranges sends all again`() async throws {
        let server = try FileServer { _, number in
            .init(body: Self.body, sent: number == 0 ? 100_000 : nil)
        }
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == Self.body)
    }

    @Test func `a part that is already whole is not fetched again`() async throws {
        let server = try FileServer { request, _ in .file(Self.body, request) }
        try AtomicFile.write(Self.body, to: folder.file("data.bin.part"))
        let note: JSONValue = ["url": .string(server.url("/data.bin")), "validator": "\"v1\""]
        try note.write(to: folder.file("data.bin.part.json"))
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == Self.body && server.requests.map(\.start) == [300_000])
    }

    @Test func `a busy server is asked again`() async throws {
        let server = try FileServer { request, number in
            number < 2
                ? .init(status: number == 0 ? 503 : 429, headers: [("Retry-After", "1")])
                : .file(Self.body, request)
        }
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == Self.body && server.requests.count == 3)
        let busy = try FileServer { _, _ in .init(status: 503) }
        let error = try await failure(files(busy, name: "other.bin"))
        #expect(error.message.contains("503") && error.message.contains("3 attempts"))
        #expect(busy.requests.count == 3)
    }

    @Test func `what is repeated or continued is logged as a detail`() async throws {
        let server = try FileServer { request, number in
            .file(Self.body, request, sent: number == 0 ? 100_000 : nil)
        }
        let recorder = LogRecorder()
        let logging = Downloader(
            attempts: 3, firstPause: 0, logger: Logger(label: "test") { _ in recorder })
        _ = try await logging.fetch(files(server), into: folder.path)
        #expect(content() == Self.body)
        // Why a connection ended is said in the system's words.
        let lines = recorder.lines.withLock { $0 }
        #expect(lines.count == 2 && lines.last == "debug data.bin: continued at byte 100000")
        #expect(lines.first?.hasPrefix("debug data.bin: ") == true)
        #expect(lines.first?.hasSuffix("; next attempt in 0 s") == true)
    }

    @Test func `a redirect is followed with the range`() async throws {
        let server = try FileServer { request, number in
            guard request.path == "/real" else {
                return .init(status: 302, headers: [("Location", "/real")])
            }
            return .file(Self.body, request, sent: number == 1 ? 120_000 : nil)
        }
        _ = try await downloader.fetch(files(server), into: folder.path)
        #expect(content() == Self.body)
        let real = server.requests.filter { $0.path == "/real" }
        #expect(real.map(\.start) == [nil, 120_000])
        #expect(real.last?.headers["if-range"] == "\"v1\"")
    }
}

/// Keeps what is logged, each line with its level.
private struct LogRecorder: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex([String]())

        func withLock<Result>(_ body: (inout [String]) -> Result) -> Result {
            lines.withLock { lines in body(&lines) }
        }
    }

    let lines = Lines()
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message)") }
    }
}
