import Dispatch
public import MiphaChat
import Synchronization

/// The exact number of positions of every sample after its images are spliced in.
public struct TokenLengths: Sendable {
    /// A sample that could not be measured.
    public struct Failure: Sendable, Hashable {
        /// The number of the sample.
        public let sample: Int
        /// Why not.
        public let error: ChatError
    }

    /// By sample: ids, with each image's marker counted as its patches, of both rows of a pair of
    /// answers; 0 for a failure.
    public let lengths: [Int32]
    /// What could not be measured, by rising number.
    public let failures: [Failure]

    /// Encodes every sample of an index and keeps its length.
    ///
    /// - Parameters:
    ///   - index: the samples.
    ///   - encoder: as in training, cut at its maximum length.
    ///   - patches: positions of one image, such as 729.
    ///   - threads: how many samples are encoded at the same time.
    ///   - keepsFailures: whether to go on after a sample that cannot be encoded.
    ///   - progress: called with the number of samples so far, from any thread, one call at a time.
    /// - Throws: `ChatError` naming file and item: of the first bad sample, whatever the number of
    ///   threads; `DataError` for settings out of range.
    public init(
        _ index: SampleIndex, encoder: ConversationEncoder, patches: Int, threads: Int,
        keepsFailures: Bool = false, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        guard patches >= 0, patches <= 1 << 20, threads > 0 else {
            throw DataError(
                .invalidOption,
                "token lengths: expected 0 to \(1 << 20) patches and at least one thread, found "
                    + "\(patches) and \(threads)")
        }
        let pass = LengthPass(index, encoder, patches, keepsFailures)
        DispatchQueue.concurrentPerform(iterations: min(threads, index.count)) { _ in
            pass.work(progress)
        }
        let failures = pass.failures
        if !keepsFailures, let first = failures.first { throw first.error }
        lengths = pass.lengths
        self.failures = failures
    }
}

/// The state that the threads of one pass share.
private final class LengthPass: Sendable {
    private struct State {
        var next = 0
        var done = 0
        var lengths: [Int32]
        var failures: [TokenLengths.Failure] = []
    }

    private static let chunk = 64
    private let index: SampleIndex
    private let encoder: ConversationEncoder
    private let patches: Int
    private let keepsFailures: Bool
    private let state: Mutex<State>
    private let reporting = Mutex(0)

    init(
        _ index: SampleIndex, _ encoder: ConversationEncoder, _ patches: Int,
        _ keepsFailures: Bool
    ) {
        self.index = index
        self.encoder = encoder
        self.patches = patches
        self.keepsFailures = keepsFailures
        state = Mutex(State(lengths: [Int32](repeating: 0, count: index.count)))
    }

    var lengths: [Int32] { state.withLock { $0.lengths } }

    var failures: [TokenLengths.Failure] {
        state.withLock { $0.failures.sorted { $0.sample < $1.sample } }
    }

    /// Measures chunk after chunk until there is none left.
    ///
    /// Chunks are handed out in order and finished once begun, so the first bad sample is always
    /// among the failures.
    func work(_ progress: @Sendable (Int) -> Void) {
        while let chunk = nextChunk() {
            var lengths: [Int32] = []
            var failures: [TokenLengths.Failure] = []
            for sample in chunk {
                do throws(ChatError) {
                    lengths.append(try length(of: sample))
                } catch {
                    lengths.append(0)
                    failures.append(.init(sample: sample, error: error))
                    if !keepsFailures { break }
                }
            }
            state.withLock { state in
                for (sample, length) in zip(chunk, lengths) { state.lengths[sample] = length }
                state.failures += failures
                state.done += chunk.count
            }
            reporting.withLock { reported in
                let done = state.withLock { $0.done }
                guard done > reported else { return }
                reported = done
                progress(done)
            }
        }
    }

    private func nextChunk() -> Range<Int>? {
        state.withLock { state in
            guard state.next < index.count, keepsFailures || state.failures.isEmpty else {
                return nil
            }
            let start = state.next
            state.next = min(start + Self.chunk, index.count)
            return start..<state.next
        }
    }

    private func length(of sample: Int) throws(ChatError) -> Int32 {
        let conversation = try index.sample(sample)
        let rows: [EncodedSample]
        do throws(ChatError) {
            if conversation.answers == nil {
                rows = [try encoder.encode(conversation)]
            } else {
                let pair = try encoder.encodePair(conversation)
                rows = [pair.chosen, pair.rejected]
            }
        } catch {
            throw ChatError(error.code, "\(index.place(of: sample)): \(error.message)")
        }
        let length = rows.reduce(0) { sum, row in
            sum + row.ids.count + row.imageCount * (patches - 1)
        }
        return Int32(clamping: length)
    }
}
