import Dispatch
package import MiphaFiles
package import MiphaTorch
import Synchronization

/// Writes the checkpoints of a job of several processes in the background, each process its part.
///
/// With every update the processes report to each other whether they still write, and whether that
/// failed. When all parts are there, rank 0 hashes them and gives the folder its name; when one is
/// not, the folder goes, and rank 0 says why. So a checkpoint appears at once or not at all, an
/// update or two after its parts, and nobody waits but for a checkpoint that is still being written
/// when the next one begins.
package final class JointCheckpoints {
    /// A checkpoint whose parts are being written.
    private final class Pending: Sendable {
        let step: Int
        let best: Int?
        /// In rank 0 the folder; gone with this value unless it is committed.
        let folder: Mutex<AtomicDirectory?>
        let result = Mutex<Result<Void, any Error>?>(nil)

        init(step: Int, best: Int?, folder: consuming sending AtomicDirectory?) {
            self.step = step
            self.best = best
            self.folder = Mutex(folder)
        }
    }

    private final class Failures: Sendable {
        let list = Mutex<[CheckpointFailure]>([])
    }

    /// Makes the folder of a step's checkpoint.
    package typealias Begin = (_ step: Int) throws -> AtomicDirectory
    /// Gives a folder its name when all parts are there; `best` is a checkpoint to be kept.
    package typealias Complete =
        @Sendable (_ folder: consuming AtomicDirectory, _ best: Int?) throws -> Void

    private let group: ProcessGroup
    private let make: Begin
    private let complete: Complete
    private let queue = DispatchQueue(label: "mipha.checkpoints", qos: .utility)
    private let failures = Failures()
    private var pending: Pending?

    /// Prepares checkpoints; only rank 0 makes and completes folders.
    package init(
        _ group: ProcessGroup, begin: @escaping Begin, complete: @escaping Complete
    ) {
        self.group = group
        make = begin
        self.complete = complete
    }

    /// Whether this process is writing its part.
    package var isWriting: Bool { pending.map { $0.result.withLock { $0 == nil } } ?? false }

    /// Whether this process could not write its part.
    package var hasFailed: Bool { message != nil }

    private var message: String? {
        pending?.result.withLock { result in
            if case .failure(let error) = result { "\(error)" } else { nil }
        }
    }

    /// Starts a checkpoint; all processes take part.
    ///
    /// One that is still being written is waited for.
    ///
    /// - Parameters:
    ///   - partial: the folder under way.
    ///   - best: the checkpoint that must not be removed, besides the newest ones.
    ///   - write: writes this process's part into a folder, on another thread: it may use only what
    ///     training does not go on to change.
    package func begin(
        step: Int, best: Int?, in partial: String,
        write: @escaping @Sendable (String) throws -> Void
    ) throws {
        try finish()
        var folder: AtomicDirectory?
        var message = ""
        if group.rank == 0 {
            do { folder = try make(step) } catch { message = "\(error)" }
        }
        guard try group.reduce([message.isEmpty ? 0 : 1], .maximum)[0] == 0 else {
            if group.rank == 0 { fail(step, message) }
            return
        }
        let pending = Pending(step: step, best: best, folder: folder)
        self.pending = pending
        queue.async {
            let result = Result { try write(partial) }
            pending.result.withLock { $0 = result }
        }
    }

    /// Goes on with a checkpoint when no process is writing any more; all processes take part.
    ///
    /// - Parameters:
    ///   - isWriting: whether any process is.
    ///   - hasFailed: whether any process could not write its part.
    package func settle(isWriting: Bool, hasFailed: Bool) throws {
        guard let pending, !isWriting else { return }
        if hasFailed {
            let messages = try group.gather(message ?? "")
            self.pending = nil
            guard group.rank == 0 else { return }
            let failed = messages.enumerated().filter { !$1.isEmpty }
            fail(
                pending.step,
                failed.map { "rank \($0.offset): \($0.element)" }.joined(separator: "; "))
            return
        }
        self.pending = nil
        guard group.rank == 0 else { return }
        queue.async { [complete, failures] in
            do {
                if let folder = pending.folder.withLock({ $0.take() }) {
                    try complete(folder, pending.best)
                }
            } catch {
                let failure = CheckpointFailure(step: pending.step, message: "\(error)")
                failures.list.withLock { $0.append(failure) }
            }
        }
    }

    /// Waits until the checkpoint under way has its name, or is gone; all processes take part.
    package func finish() throws {
        wait()
        guard pending != nil else { return }
        let hasFailed = try group.reduce([hasFailed ? 1 : 0], .maximum)[0] > 0
        try settle(isWriting: false, hasFailed: hasFailed)
        wait()
        try group.barrier()
    }

    /// Waits until this process writes nothing.
    package func wait() { queue.sync {} }

    /// The failures since the last call; only rank 0 knows them.
    package func takeFailures() -> [CheckpointFailure] {
        failures.list.withLock { list in
            defer { list = [] }
            return list
        }
    }

    private func fail(_ step: Int, _ message: String) {
        failures.list.withLock { $0.append(CheckpointFailure(step: step, message: message)) }
    }
}
