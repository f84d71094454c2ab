import Foundation
import MiphaChat
import MiphaInference
import MiphaTorch
import Synchronization

/// Questions about one picture: as a list, against the same questions one by one.
///
///     swift run -c release --toolset ../../toolset.json grouped MODEL IMAGE
///         [--questions 18] [--alone 18] [--tokens 4] [--rounds 2] [--threads 2]
///
/// Both sides take turns, each on an engine that keeps nothing between calls. CPU seconds are printed
/// too: on a machine shared with others they say more than wall seconds. `--alone` asks only the first
/// questions one by one; the ratio is scaled.
@main
struct Grouped {
    private static let subjects = [
        "a person", "a car", "a dog", "a cat", "a chair", "a dining table", "a bottle", "a cup",
        "a bowl", "a bicycle", "a traffic light", "a bench", "a handbag", "a backpack", "a boat",
        "a book", "a clock", "a knife",
    ]

    private struct Spent {
        var wall = 0.0
        var busy = 0.0
    }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else { fatalError("expected MODEL and IMAGE") }
        func number(_ name: String, default value: Int) -> Int {
            guard let place = arguments.firstIndex(of: "--\(name)"), place + 1 < arguments.count
            else { return value }
            return Int(arguments[place + 1]) ?? value
        }
        let count = number("questions", default: 18)
        let alone = min(count, number("alone", default: count))
        try Engine.setThreadCount(number("threads", default: 2))
        let requests = (0..<count).map { index in
            ChatRequest(
                "Is there \(subjects[index % subjects.count]) in the image?\n"
                    + "Answer the question using a single word or phrase.",
                images: [.file(arguments[2])],
                sampling: SamplingOptions(maxTokens: number("tokens", default: 4)))
        }
        let engine = InferenceEngine(
            try ModelBundle(folder: arguments[1], for: "the benchmark"), keepsBeginning: false)
        _ = try await engine.reply(to: ChatRequest("Hi", sampling: SamplingOptions(maxTokens: 1)))
        for round in 1...max(1, number("rounds", default: 2)) {
            let together = try await list(engine, requests)
            let single = try await oneByOne(engine, requests[..<alone])
            let share = Double(count) / Double(alone)
            let equal = single.replies.indices.count {
                single.replies[$0].tokens == together.replies[$0]?.tokens
            }
            print(
                "round \(round): \(Double(count) / together.spent.wall) questions/s,",
                "\(share * single.spent.wall / together.spent.wall) x one by one by wall seconds,",
                "\(share * single.spent.busy / together.spent.busy) x by CPU seconds;",
                "\(equal) of \(alone) answers equal")
        }
    }

    private static func list(
        _ engine: InferenceEngine, _ requests: [ChatRequest]
    ) async throws -> (spent: Spent, replies: [Int: ChatReply]) {
        let replies = Mutex<[Int: ChatReply]>([:])
        var spent = Spent()
        var statistics = BatchStatistics()
        try await measure(&spent) {
            statistics = try await engine.replies(to: requests) { place, result in
                replies.withLock { $0[place] = try? result.get() }
            }
        }
        let all = replies.withLock { $0 }
        report("list", spent, Array(all.values))
        print("  \(statistics)")
        return (spent, all)
    }

    private static func oneByOne(
        _ engine: InferenceEngine, _ requests: ArraySlice<ChatRequest>
    ) async throws -> (spent: Spent, replies: [ChatReply]) {
        var spent = Spent()
        var replies: [ChatReply] = []
        for request in requests {
            try await measure(&spent) { replies.append(try await engine.reply(to: request)) }
        }
        report("one by one", spent, replies)
        return (spent, replies)
    }

    private static func measure(
        _ spent: inout Spent, _ body: () async throws -> Void
    ) async rethrows {
        let start = ContinuousClock.now
        let before = clock()
        try await body()
        spent.wall += (ContinuousClock.now - start) / .seconds(1)
        spent.busy += Double(clock() - before) / Double(CLOCKS_PER_SEC)
    }

    private static func report(_ name: String, _ spent: Spent, _ replies: [ChatReply]) {
        let timings = replies.map(\.outcome.timings)
        print(
            "\(name), \(replies.count) answers: wall \(spent.wall) s, CPU \(spent.busy) s; vision",
            "\(timings.reduce(0) { $0 + $1.vision }) s, prefill",
            "\(timings.reduce(0) { $0 + $1.prefill }) s, decode",
            "\(timings.reduce(0) { $0 + $1.decode }) s")
    }
}
