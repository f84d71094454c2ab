import Dispatch
import Synchronization

/// Writes checkpoints one at a time, in the background or at once.
final class CheckpointWriter: Sendable {
    /// A checkpoint that could not be written.
    struct Failure: Sendable {
        let step: Int
        let message: String
    }

    private let store: CheckpointStore
    private let log: RunLog
    private let queue = DispatchQueue(label: "mipha.checkpoints", qos: .utility)
    private let failures = Mutex<[Failure]>([])

    init(store: CheckpointStore, log: RunLog) {
        self.store = store
        self.log = log
    }

    /// Writes a snapshot on a thread of its own; a write that is still going on is waited for.
    func writeInBackground(_ snapshot: CheckpointSnapshot) throws {
        wait()
        let copy = try snapshot.copied()
        queue.async { [self] in
            do {
                try write(copy)
            } catch {
                failures.withLock {
                    $0.append(Failure(step: copy.step, message: "\(error)"))
                }
            }
        }
    }

    /// Writes a snapshot before it returns.
    func writeNow(_ snapshot: CheckpointSnapshot) throws {
        wait()
        try write(snapshot)
    }

    /// Waits until nothing is being written.
    func wait() { queue.sync {} }

    /// What went wrong since the last call.
    func takeFailures() -> [Failure] {
        failures.withLock { list in
            defer { list = [] }
            return list
        }
    }

    private func write(_ snapshot: CheckpointSnapshot) throws {
        // A checkpoint must not be newer than the lines about the updates before it.
        log.drain()
        try store.write(snapshot)
    }
}
