import MiphaChat
import Synchronization

/// What the threads of a loader share.
///
/// A thread takes the next sample of the plan, reads its text, waits until its bytes are admitted, and
/// prepares it. Bytes are admitted in the order of the plan, so what is prepared is always a run of
/// samples from the next micro-batch on.
final class LoaderWork: Sendable {
    /// What a caller gets.
    enum Delivery: Sendable {
        case batch(SampleLoader.MicroBatch)
        case failed(any Error)
        case end
    }

    private typealias Slot = Result<TrainingDataSet.Prepared, any Error>

    private struct Batch: Sendable {
        let indices: [Int]
        var slots: [Slot?]
        var unfinished: Int
        var bytes = 0
    }

    private struct State: Sendable {
        /// Planned micro-batches that are not delivered; the first has the number `first`.
        var batches: [Batch] = []
        var first: Int
        /// The next sample to take: its micro-batch and its place there.
        var nextBatch: Int
        var nextItem = 0
        var taken = 0
        var admitted = 0
        var bytes = 0
        var peakBytes = 0
        var isComplete = false
        var isStopped = false
        var failure: (any Error)?

        /// Counts bytes of a micro-batch that is not delivered.
        mutating func add(_ count: Int, to batch: Int) {
            batches[batch - first].bytes += count
            bytes += count
            peakBytes = max(peakBytes, bytes)
        }
    }

    private struct Ticket: Sendable {
        let number: Int
        let batch: Int
        let item: Int
        let sample: Int
    }

    private let data: TrainingDataSet
    private let settings: SampleLoader.Settings
    private let order: SampleLoader.Order
    private let state: Monitor<State>
    private let live = Atomic(0)

    init(
        _ data: TrainingDataSet, _ settings: SampleLoader.Settings, first: Int,
        order: @escaping SampleLoader.Order
    ) {
        self.data = data
        self.settings = settings
        self.order = order
        state = Monitor(State(first: first, nextBatch: first))
    }

    var peakBytes: Int { state.read { $0.peakBytes } }
    var liveThreads: Int { live.load(ordering: .acquiring) }

    func addThreads(_ count: Int) {
        live.add(count, ordering: .acquiringAndReleasing)
    }

    func stop() {
        state.change { state in
            state.isStopped = true
            state.batches = []
        }
    }

    // MARK: The threads' side

    /// Prepares samples until there are no more or the loader stops.
    func run() {
        defer { live.subtract(1, ordering: .acquiringAndReleasing) }
        while let ticket = take() {
            let conversation = Result { try data.source.sample(ticket.sample) }
            let limit = (try? conversation.get()).map(data.byteLimit) ?? 0
            guard admit(ticket, bytes: limit) else { return }
            let slot = Slot {
                try data.prepare(
                    conversation, ticket.sample, microBatch: ticket.batch, policy: settings.policy)
            }
            finish(ticket, slot, reserved: limit)
        }
    }

    private func take() -> Ticket? {
        state.change { state in
            while !state.isStopped {
                let place = state.nextBatch - state.first
                if place == state.batches.count, !plan(&state) { return nil }
                let indices = state.batches[place].indices
                guard state.nextItem < indices.count else {
                    state.nextBatch += 1
                    state.nextItem = 0
                    continue
                }
                let ticket = Ticket(
                    number: state.taken, batch: state.nextBatch, item: state.nextItem,
                    sample: indices[state.nextItem])
                state.taken += 1
                state.nextItem += 1
                return ticket
            }
            return nil
        }
    }

    /// Asks for the next micro-batch of the plan.
    private func plan(_ state: inout State) -> Bool {
        guard !state.isComplete, let indices = order(state.first + state.batches.count) else {
            state.isComplete = true
            return false
        }
        state.batches.append(
            Batch(
                indices: indices, slots: Array(repeating: nil, count: indices.count),
                unfinished: indices.count))
        return true
    }

    /// Waits until a sample's bytes fit the budget or its micro-batch is the next one.
    ///
    /// - Returns: false when the loader stopped.
    private func admit(_ ticket: Ticket, bytes: Int) -> Bool {
        state.wait { state in
            if state.isStopped { return false }
            guard state.admitted == ticket.number else { return nil }
            let isNext = ticket.batch == state.first
            guard isNext || bytes <= self.settings.byteBudget - state.bytes else { return nil }
            state.admitted += 1
            state.add(bytes, to: ticket.batch)
            return true
        }
    }

    private func finish(_ ticket: Ticket, _ slot: Slot, reserved: Int) {
        let bytes = (try? slot.get())?.sample?.byteCount ?? 0
        state.change { state in
            let place = ticket.batch - state.first
            guard state.batches.indices.contains(place) else { return }
            state.add(bytes - reserved, to: ticket.batch)
            state.batches[place].slots[ticket.item] = slot
            state.batches[place].unfinished -= 1
        }
    }

    // MARK: The caller's side

    /// Waits for the next micro-batch.
    func deliver() -> Delivery {
        typealias Found = (number: Int, batch: Batch)
        let found = state.wait { state -> Found?? in
            if state.isStopped || state.failure != nil { return .some(nil) }
            guard let batch = state.batches.first else {
                return state.isComplete ? .some(nil) : nil
            }
            guard batch.unfinished == 0 else { return nil }
            state.batches.removeFirst()
            state.first += 1
            if state.nextBatch < state.first {
                state.nextBatch = state.first
                state.nextItem = 0
            }
            state.bytes -= batch.bytes
            return .some((state.first - 1, batch))
        }
        guard let found else { return state.read { $0.failure }.map(Delivery.failed) ?? .end }
        do {
            return .batch(try Self.assemble(found.number, found.batch))
        } catch {
            state.change { $0.failure = error }
            return .failed(error)
        }
    }

    private static func assemble(
        _ number: Int, _ batch: Batch
    ) throws -> SampleLoader.MicroBatch {
        var indices: [Int] = []
        var samples: [TrainingSample] = []
        var bad: [BadSample] = []
        for (index, slot) in zip(batch.indices, batch.slots) {
            guard let prepared = try slot?.get() else { continue }
            if let record = prepared.bad { bad.append(record) }
            guard let sample = prepared.sample else { continue }
            indices.append(index)
            samples.append(sample)
        }
        return SampleLoader.MicroBatch(
            number: number, indices: indices, samples: samples, badSamples: bad)
    }
}
