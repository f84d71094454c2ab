import Foundation
import MiphaChat
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaTestSupport
import MiphaTinyFolder
import Synchronization
import Testing

/// Many requests at once against each request alone.
@Suite struct GroupedAnswerTests {
    /// Collects what an engine reports.
    private final class Reports: Sendable {
        private let all = Mutex<[Int: [Result<ChatReply, any Error>]]>([:])

        func add(_ place: Int, _ result: Result<ChatReply, any Error>) {
            all.withLock { $0[place, default: []].append(result) }
        }

        var places: [Int] { all.withLock { $0.keys.sorted() } }
        var count: Int { all.withLock { $0.values.reduce(0) { $0 + $1.count } } }

        func reply(_ place: Int) throws -> ChatReply {
            let results = all.withLock { $0[place] ?? [] }
            #expect(results.count == 1, "request \(place)")
            return try #require(results.first).get()
        }
    }

    /// Images of different shapes and colours.
    private func pictures(_ count: Int) throws -> [ImageReference] {
        var generator = SplitMix64(seed: 77)
        return try (0..<count).map { index in
            let (width, height) = (9 + index, 14)
            let pixels = (0..<width * height * 3).map { _ in
                UInt8(truncatingIfNeeded: generator.next())
            }
            return .bytes(
                Array(try RGBImage(width: width, height: height, pixels: pixels).pngData()))
        }
    }

    private func request(
        _ text: String, _ images: [ImageReference], tokens: Int, seed: UInt64? = nil,
        stop: [String] = []
    ) -> ChatRequest {
        ChatRequest(
            text, images: images,
            sampling: SamplingOptions(
                maxTokens: tokens, temperature: seed == nil ? 0 : 2, seed: seed, stop: stop))
    }

    /// Checks a list against each request alone on an engine that shares nothing.
    @discardableResult
    private func check(
        _ requests: [ChatRequest], batchBytes: Int = 4 << 30
    ) async throws -> BatchStatistics {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle(), batchBytes: batchBytes)
        let reports = Reports()
        let statistics = try await engine.replies(to: requests) { reports.add($0, $1) }
        #expect(reports.places == Array(requests.indices))
        for (place, request) in requests.enumerated() {
            let alone = try await InferenceEngine(try tiny.bundle()).reply(to: request)
            let reply = try reports.reply(place)
            #expect(reply.tokens == alone.tokens, "request \(place)")
            #expect(Array(reply.text.utf8) == Array(alone.text.utf8), "request \(place)")
            #expect(reply.outcome.reason == alone.outcome.reason, "request \(place)")
            #expect(reply.outcome.usage == alone.outcome.usage, "request \(place)")
            let timings = reply.outcome.timings
            #expect(timings.prefill > 0 && timings.decode >= 0)
            #expect((timings.decode > 0) == (reply.tokens.count > 1))
        }
        return statistics
    }

    @Test(arguments: [1, 2, 18])
    func `questions about one image are answered as each alone`(count: Int) async throws {
        let picture = try pictures(1)
        let requests = (0..<count).map { index in
            request(
                "Question \(index) " + String(repeating: "and more ", count: index % 5), picture,
                tokens: 1 + index * 2 % 13, seed: index % 2 == 0 ? nil : UInt64(index))
        }
        let statistics = try await check(requests)
        #expect(statistics.picturesEncoded == 1)
    }

    @Test func `a file under two paths and its bytes are one image`() async throws {
        let folder = try TemporaryFolder()
        let picture = try RGBImage(width: 9, height: 5, pixels: (0..<135).map { UInt8($0) })
        let bytes = try Array(picture.pngData())
        for name in ["a.png", "b.png"] {
            try AtomicFile.write(bytes, to: folder.file(name))
        }
        let references: [ImageReference] = [
            .file(folder.file("a.png")), .file(folder.file("b.png")), .bytes(bytes),
        ]
        let statistics = try await check(
            (0..<6).map { request("Look \($0)", [references[$0 % 3]], tokens: 9) })
        #expect(statistics.picturesEncoded == 1)
        let prompts = try TinyFolder().bundle().prompts
        #expect(try Set(references.map { try prompts.image(of: $0) }).count == 1)
    }

    @Test func `the image and every word matter to the answers compared here`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let pictures = try pictures(3)
        var answers: Set<[Int]> = []
        for images in [
            [], [pictures[0]], [pictures[1]], [pictures[2]], [pictures[0], pictures[1]],
        ] {
            for text in ["Look 3", "Look 4", "Look 3 again"] {
                let reply = try await engine.reply(to: request(text, images, tokens: 24))
                answers.insert(reply.tokens)
            }
        }
        #expect(answers.count >= 14)
    }

    @Test func `images, texts and both mixed are answered as each alone`() async throws {
        let pictures = try pictures(4)
        var requests: [ChatRequest] = []
        for index in 0..<24 {
            let images: [[ImageReference]] = [
                [pictures[0]], [], [pictures[1]], [pictures[0], pictures[1]], [pictures[2]],
                [pictures[0], pictures[1]], [pictures[1], pictures[0]], [pictures[0]],
            ]
            requests.append(
                request(
                    "Look \(index % 7)" + String(repeating: " again", count: index % 4),
                    images[index % images.count], tokens: 1 + (index * 5) % 17,
                    seed: index % 3 == 0 ? nil : UInt64(index)))
        }
        requests.append(request("Look 3", [pictures[3]], tokens: 9))
        requests.append(request("Look 3", [pictures[3]], tokens: 9))
        requests.append(request("Look 3", [pictures[3], pictures[3]], tokens: 9, seed: 4))
        let statistics = try await check(requests)
        #expect(statistics.picturesEncoded == 4)
    }

    @Test func `earlier turns may hold images`() async throws {
        let pictures = try pictures(2)
        let requests = (0..<6).map { index in
            ChatRequest(
                messages: [
                    ChatMessage(.system, index < 5 ? "Be short." : "Be long."),
                    ChatMessage(.user, "What is it?", images: [pictures[0]]),
                    ChatMessage(.assistant, "A thing."),
                    ChatMessage(.user, "And <image> \(index)", images: [pictures[index % 2]]),
                ], sampling: SamplingOptions(maxTokens: 6, temperature: 2, seed: 1))
        }
        let statistics = try await check(requests)
        #expect(statistics.picturesEncoded == 2)
    }

    @Test func `stop texts end each answer for itself`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let picture = try pictures(1)
        let free = try await engine.reply(to: request("Hi", picture, tokens: 30, seed: 3))
        let letters = free.text.unicodeScalars.filter { $0.isASCII && $0 != " " }.map(String.init)
        #expect(letters.count > 4)
        let requests = letters.prefix(6).map { letter in
            request("Hi", picture, tokens: 30, seed: 3, stop: [letter])
        }
        try await check(requests + [request("Hi", picture, tokens: 30, seed: 3)])
    }

    @Test func `a list is divided to fit into memory`() async throws {
        let pictures = try pictures(3)
        let requests = (0..<12).map { index in
            request("Part \(index)", [pictures[index % 3]], tokens: 4, seed: UInt64(index))
        }
        // 2 layers of width 32 in float32: 512 bytes a position, and each request takes over 100.
        let statistics = try await check(requests, batchBytes: 512 * 500)
        #expect(statistics.picturesEncoded == 3)
        let alone = try await check(requests, batchBytes: 1)
        #expect(alone.picturesEncoded == 3)
    }

    @Test func `the same question twice gets the same answer`() async throws {
        let pictures = try pictures(2)
        let twice = [0, 1, 0, 0].map { request("Look", [pictures[$0]], tokens: 6) }
        try await check(twice + [request("Look", [], tokens: 6), request("Look", [], tokens: 6)])
    }

    @Test func `a list with more images than are read at once is answered as a whole`()
        async throws
    {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle(), keepsBeginning: false)
        let pictures = try pictures(70)
        let requests = (0..<210).map { request("Look", [pictures[$0 % 70]], tokens: 8) }
        let reports = Reports()
        let statistics = try await engine.replies(to: requests) { reports.add($0, $1) }
        #expect(statistics.picturesEncoded == 70)
        for place in requests.indices {
            #expect(try reports.reply(place).tokens == reports.reply(place % 70).tokens)
        }
        for place in stride(from: 3, to: 210, by: 23) {
            let alone = try await engine.reply(to: requests[place])
            #expect(try reports.reply(place).tokens == alone.tokens)
        }
    }

    @Test func `a bad request fails alone`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let picture = try pictures(1)
        let requests = [
            request("One", picture, tokens: 3),
            request("Two", [.file("/does/not/exist.png")], tokens: 3),
            request("Three", [.bytes([1, 2, 3])], tokens: 3),
            ChatRequest(messages: [ChatMessage(.assistant, "Four")]),
            request("Five", picture, tokens: 0),
            request(String(repeating: "many words ", count: 800), picture, tokens: 3),
            request("Seven", picture, tokens: 3),
        ]
        let reports = Reports()
        let statistics = try await engine.replies(to: requests) { reports.add($0, $1) }
        #expect(reports.places == Array(requests.indices))
        #expect(statistics.picturesEncoded == 1)
        #expect(try reports.reply(0).tokens.count == 3)
        #expect(try reports.reply(6).tokens.count == 3)
        for place in [1, 2] { #expect(throws: ImagingError.self) { try reports.reply(place) } }
        for place in [3, 4] { #expect(throws: ChatError.self) { try reports.reply(place) } }
        let error = #expect(throws: InferenceError.self) { try reports.reply(5) }
        #expect(error?.code == .contextFull)
        let none = Reports()
        let nothing = try await engine.replies(to: [requests[1]]) { none.add($0, $1) }
        #expect(nothing == BatchStatistics())
        #expect(none.count == 1)
        #expect(try await engine.replies(to: []) { none.add($0, $1) } == BatchStatistics())
    }

    @Test func `cancelling ends the list and reports no half answer`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let picture = try pictures(1)
        let requests = (0..<9).map {
            request("Q\($0)", picture, tokens: $0 == 8 ? 1 : 400, seed: UInt64($0))
        }
        let reports = Reports()
        let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
        let isCancelled = DispatchSemaphore(value: 0)
        let task = Task {
            try await engine.replies(to: requests) {
                reports.add($0, $1)
                guard reports.count == 1 else { return }
                continuation.yield()
                isCancelled.wait()
            }
        }
        for await _ in ends { break }
        task.cancel()
        isCancelled.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(reports.places.contains(8))
        #expect(reports.count < requests.count)
        for place in reports.places {
            #expect(try reports.reply(place).outcome.reason != .cancelled)
        }
        #expect(try await engine.reply(to: request("Then", picture, tokens: 2)).tokens.count == 2)
    }

    @Test func `lists and single requests at the same time do not disturb each other`()
        async throws
    {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let pictures = try pictures(3)
        let single = request("Alone", [pictures[2]], tokens: 30, seed: 9)
        let expected = try await InferenceEngine(try tiny.bundle()).reply(to: single)
        let reports = (0..<4).map { _ in Reports() }
        let requests = (0..<5).map { request("Q\($0)", [pictures[$0 % 2]], tokens: 20, seed: 1) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for report in reports {
                group.addTask { try await engine.replies(to: requests) { report.add($0, $1) } }
            }
            group.addTask {
                let reply = try await engine.reply(to: single)
                #expect(reply.tokens == expected.tokens)
            }
            try await group.waitForAll()
        }
        for report in reports {
            for place in requests.indices {
                #expect(try report.reply(place).tokens == reports[0].reply(place).tokens)
            }
        }
    }

    @Test func `the next list about the same image does not compute it again`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let pictures = try pictures(2)
        let requests = (0..<4).map { request("Q\($0)", [pictures[0]], tokens: 7, seed: 5) }
        let (first, second, third) = (Reports(), Reports(), Reports())
        let fresh = try await engine.replies(to: requests) { first.add($0, $1) }
        let again = try await engine.replies(to: requests.reversed()) { second.add($0, $1) }
        #expect(fresh.picturesEncoded == 1)
        #expect(again.picturesEncoded == 0)
        #expect(again.positionsReused > fresh.positionsReused)
        for place in requests.indices {
            #expect(try first.reply(place).tokens == second.reply(3 - place).tokens)
        }
        let other = [request("Q0", [pictures[1]], tokens: 7, seed: 5), requests[0]]
        let mixed = try await engine.replies(to: other) { third.add($0, $1) }
        #expect(mixed.picturesEncoded == 1)
        #expect(try third.reply(1).tokens == first.reply(0).tokens)
        #expect(try third.reply(0).tokens != first.reply(0).tokens)
    }

    @Test func `what is computed is counted`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let engine = InferenceEngine(try tiny.bundle())
        let picture = try pictures(1)
        let requests = ["Hi", "Look", "And this"].map { request($0, picture, tokens: 4) }
        let ids = try requests.map { try engine.prompts.prompt(for: $0.messages).ids }
        let common = try #require(
            (0...).first { place in Set(ids.map { $0[place] }).count > 1 })
        #expect(common > ids[0].firstIndex(of: -200) ?? .max)
        let shared = common + engine.card.tokensPerImage - 1
        let reports = Reports()
        let statistics = try await engine.replies(to: requests) { reports.add($0, $1) }
        let answers = try requests.indices.map { try reports.reply($0).tokens.count }
        let own = ids.reduce(0) { $0 + $1.count - common }
        #expect(
            statistics.positionsComputed == shared + own + answers.reduce(0) { $0 + $1 - 1 })
        #expect(statistics.positionsReused == 2 * shared)
    }
}
