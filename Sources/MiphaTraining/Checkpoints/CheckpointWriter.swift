import Dispatch
import Synchronization

/// A checkpoint that could not be written.
package struct CheckpointFailure: Sendable {
    package let step: Int
    package let message: String
}

/// Writes checkpoints one at a time, in the background or at once.
final class CheckpointWriter: Sendable {
    private let store: CheckpointStore
    private let drain: @Sendable () -> Void
    private let queue = DispatchQueue(label: "mipha.checkpoints", qos: .utility)
    private let failures = Mutex<[CheckpointFailure]>([])

    /// - Parameter drain: waits until the lines about the updates so far are on the disk.
    init(store: CheckpointStore, drain: @escaping @Sendable () -> Void) {
        self.store = store
        self.drain = drain
    }

    /// Writes a snapshot on a thread of its own, or at once when there is no memory for a copy of
    /// it; a write that is still going on is waited for.
    func writeInBackground(_ snapshot: CheckpointSnapshot) throws {
        wait()
        guard let copy = try? snapshot.copied() else { return try write(snapshot) }
        queue.async { [self] in
            do {
                try write(copy)
            } catch {
                fail(copy.step, error)
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

    /// Takes down that a checkpoint could not be written.
    func fail(_ step: Int, _ error: any Error) {
        failures.withLock { $0.append(CheckpointFailure(step: step, message: "\(error)")) }
    }

    /// The failures since the last call.
    func takeFailures() -> [CheckpointFailure] {
        failures.withLock { list in
            defer { list = [] }
            return list
        }
    }

    private func write(_ snapshot: CheckpointSnapshot) throws {
        // A checkpoint must not be newer than the lines about the updates before it.
        drain()
        try store.write(snapshot)
    }
}
