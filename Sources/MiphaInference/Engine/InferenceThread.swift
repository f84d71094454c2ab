import Foundation

/// An executor of one thread, on which everything of one engine runs.
///
/// libtorch keeps gradient mode and the current stream per thread, and tasks of the shared pool
/// change threads at every `await`.
final class InferenceThread: SerialExecutor, @unchecked Sendable {
    // Sendable because `jobs` and `isStopped` are only touched while `condition` is locked.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isStopped = false

    private init() {}

    /// Starts the thread; it runs, and keeps the executor alive, until `stop()`.
    static func start(name: String) -> InferenceThread {
        let executor = InferenceThread()
        let thread = Thread { executor.run() }
        thread.name = name
        thread.start()
        return executor
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Ends the thread after the jobs that wait.
    func stop() {
        condition.lock()
        isStopped = true
        condition.signal()
        condition.unlock()
    }

    private func run() {
        while let job = next() {
            unsafe job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }

    private func next() -> UnownedJob? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty {
            if isStopped { return nil }
            condition.wait()
        }
        return jobs.removeFirst()
    }
}
