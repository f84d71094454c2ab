import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Synchronization
import Testing

/// The client against a server on the loopback address.
struct JudgeClientTests {
    private static func completion(_ text: String) -> LoopbackServer.Reply {
        let body = JSONValue.object([
            "model": "judge-1",
            "choices": [["message": ["role": "assistant", "content": .string(text)]]],
            "usage": ["prompt_tokens": 12, "completion_tokens": 3],
        ])
        return .response(status: 200, body: (try? body.text(.compact)) ?? "")
    }

    private final class Waits: Sendable {
        let seconds = Mutex<[Double]>([])
    }

    private func client(
        _ server: LoopbackServer, cache: JudgeCache = JudgeCache(), waits: Waits = Waits(),
        key: String? = "sk-secret", change: (inout JudgeEndpoint) -> Void = { _ in }
    ) throws -> JudgeClient {
        var endpoint = try JudgeEndpoint(
            base: server.address + "/v1/", model: "m", keyVariable: "KEY",
            environment: key.map { ["KEY": $0] } ?? [:])
        endpoint.retries = 3
        endpoint.timeout = 20
        change(&endpoint)
        return JudgeClient(endpoint: endpoint, cache: cache) { seconds in
            waits.seconds.withLock { $0.append(seconds) }
        }
    }

    private let request = JudgeRequest(
        messages: [.init(role: "user", text: "Grade \"é\".")], temperature: 0.5, maxTokens: 3)

    private func expectError(
        _ client: JudgeClient, _ words: String...
    ) async {
        do {
            _ = try await client.reply(to: request)
            Issue.record("no error")
        } catch {
            #expect(error.code == .network)
            #expect(!error.message.contains("sk-secret"), "\(error)")
            for word in words { #expect(error.message.contains(word), "\(error)") }
        }
    }

    @Test func `the request is what the endpoint expects`() async throws {
        let server = try LoopbackServer { _, _ in Self.completion("0.7") }
        let reply = try await client(server).reply(to: request)
        #expect(
            reply
                == JudgeReply(text: "0.7", model: "judge-1", promptTokens: 12, completionTokens: 3))
        let sent = try #require(server.requests.first)
        #expect(sent.head.hasPrefix("POST /v1/chat/completions "))
        #expect(sent.head.contains("Authorization: Bearer sk-secret"))
        let body = try JSONValue(parsing: sent.body)
        #expect(
            body == [
                "model": "m", "messages": [["role": "user", "content": "Grade \"é\"."]],
                "temperature": 0.5, "max_tokens": 3,
            ])
    }

    @Test func `failures that may pass are tried again with growing waits`() async throws {
        let waits = Waits()
        let server = try LoopbackServer { _, number in
            switch number {
            case 0: .response(status: 500, body: "oops")
            case 1: .hangUp
            case 2: .response(status: 503, body: #"{"error": {"message": "busy"}}"#)
            default: Self.completion("1.0")
            }
        }
        let reply = try await client(server, waits: waits).reply(to: request)
        #expect(reply.text == "1.0")
        #expect(server.requests.count == 4)
        let seconds = waits.seconds.withLock { $0 }
        #expect(seconds.count == 3)
        for (wait, least) in zip(seconds, [1.0, 2, 4]) {
            #expect((least...(least * 1.25)).contains(wait), "\(seconds)")
        }
    }

    @Test func `Retry-After is honoured up to a limit`() async throws {
        let waits = Waits()
        let date = "Fri, 01 Jan 2010 00:00:00 GMT"
        let server = try LoopbackServer { _, number in
            switch number {
            case 0: .response(status: 429, headers: ["Retry-After": "7"], body: "{}")
            case 1: .response(status: 429, headers: ["Retry-After": "9999"], body: "{}")
            case 2: .response(status: 429, headers: ["Retry-After": date], body: "{}")
            default: Self.completion("1.0")
            }
        }
        _ = try await client(server, waits: waits).reply(to: request)
        #expect(waits.seconds.withLock { $0 } == [7, 300, 0])
    }

    @Test func `a refused key ends at once and is not shown`() async throws {
        let server = try LoopbackServer { _, _ in
            .response(
                status: 401, body: #"{"error": {"message": "Incorrect key: sk-secret"}}"#)
        }
        await expectError(try client(server), "401", "KEY", "***")
        #expect(server.requests.count == 1)
    }

    @Test func `an account without money ends at once`() async throws {
        let server = try LoopbackServer { _, _ in
            .response(
                status: 429,
                body: #"{"error": {"message": "Quota.", "code": "insufficient_quota"}}"#)
        }
        await expectError(try client(server), "429", "Quota.")
        #expect(server.requests.count == 1)
    }

    @Test func `a server that stays busy ends after the last repetition`() async throws {
        let server = try LoopbackServer { _, _ in .response(status: 429, body: "") }
        await expectError(try client(server), "429", "tried 4 times")
        #expect(server.requests.count == 4)
    }

    @Test func `a reply that does not come is tried again`() async throws {
        let server = try LoopbackServer { _, number in
            number == 0 ? .silence(seconds: 30) : Self.completion("0.1")
        }
        let client = try client(server) { $0.timeout = 3 }
        let reply = try await client.reply(to: request)
        #expect(reply.text == "0.1")
        #expect(server.requests.count >= 2)
    }

    @Test(arguments: [
        ("no JSON", "<html>", true), ("cut short", "{\"choices\": [{\"mess", true),
        ("no choices", "{\"choices\": []}", false), ("a list", "[]", false),
        ("choices are a text", "{\"choices\": \"x\"}", false),
        ("no message", "{\"choices\": [{\"text\": \"x\"}]}", false), ("nothing", "", true),
    ])
    func `malformed replies are errors`(_ name: String, _ body: String, _ mayPass: Bool)
        async throws
    {
        let server = try LoopbackServer { _, _ in .response(status: 200, body: body) }
        await expectError(try client(server))
        #expect(server.requests.count == (mayPass ? 4 : 1), "\(name)")
    }

    @Test func `what is not HTTP is an error`() async throws {
        let server = try LoopbackServer { _, _ in .raw("SSH-2.0-server\r\n\r\n") }
        await expectError(try client(server))
    }

    @Test func `a redirection is not followed`() async throws {
        let other = try LoopbackServer { _, _ in Self.completion("stolen") }
        let server = try LoopbackServer { _, _ in
            .response(status: 307, headers: ["Location": other.address + "/x"], body: "")
        }
        await expectError(try client(server), "307")
        #expect(other.requests.isEmpty)
    }

    @Test func `a reply without text is an empty one`() async throws {
        let server = try LoopbackServer { _, _ in
            .response(status: 200, body: #"{"choices": [{"message": {"content": null}}]}"#)
        }
        let reply = try await client(server).reply(to: request)
        #expect(reply == JudgeReply(text: "", model: ""))
    }

    @Test func `a resumed run asks nothing twice`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("cache/judge.jsonl")
        let server = try LoopbackServer { _, number in Self.completion("reply \(number)") }
        var other = request
        other.run = 1
        let first = try client(server, cache: try JudgeCache(path: path))
        #expect(try await first.reply(to: request).text == "reply 0")
        #expect(try await first.reply(to: request).text == "reply 0")
        #expect(try await first.reply(to: other).text == "reply 1")
        // A line cut short by a kill.
        let whole = try [UInt8](Data(contentsOf: URL(filePath: path)))
        try Data(whole + Array("{\"key\": \"12".utf8)).write(to: URL(filePath: path))
        let second = try client(server, cache: try JudgeCache(path: path))
        #expect(try await second.reply(to: request).text == "reply 0")
        #expect(try await second.reply(to: other).text == "reply 1")
        #expect(server.requests.count == 2)
        var third = request
        third.temperature = 0.6
        #expect(try await second.reply(to: third).text == "reply 2")
        #expect(await (try JudgeCache(path: path)).count == 3)
        #expect(!String(decoding: whole, as: UTF8.self).contains("sk-secret"))
    }

    @Test func `a damaged cache is an error that names the line`() throws {
        let folder = try TemporaryFolder()
        for (text, word) in [
            ("{\"key\": 1}\n", ":1"), ("\n{\"key\"\n{}\n", ":2"), ("[]\n", ":1"),
        ] {
            let path = try folder.write("cache.jsonl", text)
            do throws(EvaluationError) {
                _ = try JudgeCache(path: path)
                Issue.record("no error: \(text)")
            } catch {
                #expect(error.code == .malformedFile)
                #expect(error.message.contains(word), "\(error)")
            }
        }
    }

    @Test func `endpoints are checked`() throws {
        let key = ["OPENAI_API_KEY": "k"]
        for (base, environment) in [
            ("nothing", key), ("ftp://x/v1", key), ("https://api.example/v1", [:]),
            ("http://api.example/v1", key), ("https://api.example/v1", ["OPENAI_API_KEY": "a b"]),
        ] {
            #expect(throws: EvaluationError.self, "\(base)") {
                try JudgeEndpoint(base: base, model: "m", environment: environment)
            }
        }
        _ = try JudgeEndpoint(base: "http://localhost:8000/v1", model: "m", environment: [:])
        _ = try JudgeEndpoint(model: "m", environment: key)
    }
}
