import Dispatch
import Foundation

/// Threads that run one body each, and can be waited for.
struct WorkerThreads: Sendable {
    private let group = DispatchGroup()

    /// Starts threads; each runs `body` once.
    ///
    /// - Parameter name: what debuggers show; Linux cuts it at 15 bytes.
    init(count: Int, name: String, _ body: @escaping @Sendable () -> Void) {
        for _ in 0..<max(count, 1) {
            group.enter()
            let thread = Thread { [group] in
                body()
                group.leave()
            }
            thread.name = name
            // The default of secondary threads differs between systems; image codecs need little.
            thread.stackSize = 1 << 21
            thread.start()
        }
    }

    /// Waits until all bodies have returned.
    func join() {
        group.wait()
    }
}
