import Foundation
import Synchronization

/// Runs `body` once for every rank, each on a thread of its own, and returns the results in order.
///
/// Ranks in one process cost milliseconds where processes cost seconds, and talk over the same sockets.
///
/// - Throws: the error of the lowest rank that failed.
package func onRanks<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
) throws -> [Result] {
    let box = RankResults<Result>(count)
    let group = DispatchGroup()
    for rank in 0..<count {
        group.enter()
        let thread = Thread {
            let result = Swift.Result<Result, any Error> { try body(rank) }
            box.results.withLock { $0[rank] = result }
            group.leave()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    group.wait()
    return try box.results.withLock { try $0.compactMap { try $0?.get() } }
}

private final class RankResults<Value: Sendable>: Sendable {
    let results: Mutex<[Swift.Result<Value, any Error>?]>

    init(_ count: Int) {
        results = Mutex(Array(repeating: nil, count: count))
    }
}
