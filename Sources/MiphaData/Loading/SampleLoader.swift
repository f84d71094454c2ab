import Synchronization

/// Prepares the samples of coming micro-batches on background threads.
///
/// Micro-batches come in the order of the plan whatever the number of threads. Threads work ahead as
/// long as what they have prepared and are preparing fits the byte budget; the next micro-batch is
/// always prepared, however large. An image that is being decoded, one a thread, comes on top.
/// Threads start with the first call of ``start()`` or ``next()`` and end with the plan, with
/// ``stop()``, or with this object.
public final class SampleLoader: Sendable {
    /// How a loader works.
    public struct Settings: Sendable, Equatable {
        /// Background threads, at least 1.
        public var threads: Int
        /// Bytes of samples to prepare ahead.
        public var byteBudget: Int
        /// What happens to samples that cannot be used.
        public var policy: BadSamplePolicy

        /// Makes settings.
        public init(
            threads: Int = 4, byteBudget: Int = 1 << 28, policy: BadSamplePolicy = .fail
        ) {
            self.threads = threads
            self.byteBudget = byteBudget
            self.policy = policy
        }
    }

    /// Samples that are learned from together.
    public struct MicroBatch: Sendable, Equatable {
        /// The number of the micro-batch in the plan.
        public let number: Int
        /// The numbers of the samples that could be used, in order.
        public let indices: [Int]
        /// Those samples; none when all were left out.
        public let samples: [TrainingSample]
        /// The samples that were left out or changed.
        public let badSamples: [BadSample]
    }

    /// The samples of a micro-batch of the plan, nil after the last one.
    public typealias Order = @Sendable (_ microBatch: Int) -> [Int]?

    private struct Record {
        var waited = Duration.zero
        var badSamples: [BadSample] = []
    }

    private let work: LoaderWork
    private let threadCount: Int
    private let threads = Mutex<WorkerThreads?>(nil)
    private let record = Mutex(Record())

    /// Creates a loader; nothing is prepared yet.
    ///
    /// - Parameters:
    ///   - data: the samples.
    ///   - settings: threads, memory and policy.
    ///   - first: the number of the first micro-batch to deliver.
    ///   - order: asked once for every micro-batch from `first` on, one after the other, until
    ///     it gives nil.
    public init(
        _ data: TrainingDataSet, settings: Settings = Settings(), from first: Int = 0,
        order: @escaping Order
    ) {
        work = LoaderWork(data, settings, first: first, order: order)
        threadCount = max(settings.threads, 1)
    }

    deinit {
        stop()
    }

    /// Lets the threads begin, if they have not.
    public func start() {
        threads.withLock { threads in
            guard threads == nil else { return }
            work.addThreads(threadCount)
            threads = WorkerThreads(count: threadCount, name: "mipha-load") { [work] in
                work.run()
            }
        }
    }

    /// The next micro-batch; waits until it is ready.
    ///
    /// - Returns: nil after the last one, and after ``stop()``.
    /// - Throws: under ``BadSamplePolicy/fail`` the error of the first bad sample of the micro-batch;
    ///   the same again when called again.
    public func next() throws -> MicroBatch? {
        start()
        let clock = ContinuousClock()
        let began = clock.now
        let delivery = work.deliver()
        let waited = clock.now - began
        record.withLock { $0.waited += waited }
        switch delivery {
        case .failed(let error):
            stop()
            throw error
        case .end: return nil
        case .batch(let batch):
            record.withLock { $0.badSamples += batch.badSamples }
            return batch
        }
    }

    /// The next micro-batches; fewer than `count` at the end of the plan.
    ///
    /// - Throws: as ``next()``.
    public func next(_ count: Int) throws -> [MicroBatch] {
        var batches: [MicroBatch] = []
        while batches.count < count, let batch = try next() { batches.append(batch) }
        return batches
    }

    /// Ends the threads and waits for them; each finishes the sample it is at.
    public func stop() {
        work.stop()
        threads.withLock { $0 }?.join()
    }

    // MARK: What happened so far

    /// How long callers of ``next()`` had to wait, in seconds.
    public var secondsWaited: Double { record.withLock { $0.waited } / .seconds(1) }

    /// All bad samples of delivered micro-batches, in order.
    public var badSamples: [BadSample] { record.withLock { $0.badSamples } }

    /// The most bytes that were prepared and not delivered, or reserved for it, at any time.
    public var peakBytes: Int { work.peakBytes }

    /// Counts threads that run; it outlives the loader.
    package var liveThreads: @Sendable () -> Int {
        { [work] in work.liveThreads }
    }
}
