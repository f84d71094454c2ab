/// Work for some threads; who hands in more than they can do waits.
final class JobQueue: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State: Sendable {
        var jobs: [Job] = []
        var isClosed = false
    }

    private let state: Monitor<State>
    private let capacity: Int
    private let threads: WorkerThreads

    /// Starts the threads.
    init(threads count: Int, name: String) {
        let state = Monitor(State())
        self.state = state
        capacity = max(count, 1) * 8
        threads = WorkerThreads(count: count, name: name) {
            while let job = Self.take(from: state) { job() }
        }
    }

    deinit {
        cancel()
    }

    /// Hands in a job; waits while the queue is full.
    func add(_ job: @escaping Job) {
        state.wait { state -> Void? in
            guard state.jobs.count < self.capacity else { return nil }
            state.jobs.append(job)
            return ()
        }
    }

    /// Waits until all jobs are done and ends the threads.
    func finish() {
        state.change { $0.isClosed = true }
        threads.join()
    }

    /// Forgets the jobs that have not begun and ends the threads.
    func cancel() {
        state.change { state in
            state.jobs.removeAll()
            state.isClosed = true
        }
        threads.join()
    }

    private static func take(from state: Monitor<State>) -> Job? {
        state.wait { state -> Job?? in
            if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
            return state.isClosed ? .some(nil) : nil
        }
    }
}
