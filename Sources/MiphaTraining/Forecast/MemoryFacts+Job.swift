import MiphaModels
package import MiphaNN
import MiphaTorch

extension MemoryFacts {
    /// The processes that share a run.
    package struct Job {
        let mode: ShardingMode
        let worldSize: Int
        let layout: ShardLayout
        let frozen: [ShardLayout.Parameter]
        /// Places of the parameters that each segment of the model reads.
        let segments: [Set<ParameterPlace>]

        /// Lays out what the processes share out.
        ///
        /// - Parameter frozen: parameters that do not learn and that only segments read.
        package init(
            mode: ShardingMode, worldSize: Int, segments: [Set<ParameterPlace>],
            parameters: [ShardLayout.Parameter], frozen: [ShardLayout.Parameter] = []
        ) {
            self.mode = mode
            self.worldSize = worldSize
            self.segments = segments
            self.frozen = frozen
            layout = ShardLayout(
                parameters: parameters, frozen: mode == .zero3 ? frozen : [], segments: segments,
                shardCount: mode == .none ? 1 : worldSize)
        }

        /// Bytes of one process's share of the sums of a unit.
        func shareBytes(_ unit: ShardLayout.Unit) -> Int {
            4 * ((unit.shardLength * layout.shardCount + worldSize - 1) / worldSize)
        }

        /// Bytes of the rooms for gradients on their way: sent, received and, where nothing is
        /// shared out, sums of all.
        var bufferBytes: [Int] {
            let learning = layout.units.filter(\.learns)
            let longest = learning.map { shareBytes($0) * worldSize }.max() ?? 0
            return Array(repeating: longest, count: mode == .none ? 3 : 2)
        }

        /// The most bytes of weights that are gathered at one time.
        var gatheredBytes: Int {
            guard mode == .zero3 else { return 0 }
            let units = layout.unitsRead
            return zip(units, units.dropFirst()).map { first, second in
                Set(first + second).reduce(0) { $0 + layout.wholeBytes(layout.units[$1]) }
            }.max() ?? 0
        }
    }

    /// The tensors that the optimiser of this process updates: the trainable parameters, or its
    /// pieces of them.
    var updated: [Parameter] {
        let learning = parameters.filter(\.learns)
        guard let job, job.mode != .none else { return learning }
        let byName = Dictionary(uniqueKeysWithValues: learning.map { ($0.name, $0) })
        return job.layout.pieces(of: 0).compactMap { piece in
            byName[piece.name].map {
                Parameter(
                    $0.fact, count: piece.inParameter.count, learns: true, width: $0.width,
                    storedWidth: $0.storedWidth)
            }
        }
    }

    /// Bytes of weights and of the optimiser's state.
    var stateBytes: Int {
        updated.reduce(weightBytes) { $0 + stateBytes($1) }
    }

    /// Bytes of the copy of the state that a checkpoint is written from.
    var copiedBytes: Int {
        updated.reduce(0) { $0 + stateBytes($1) }
            + parameters.filter(\.learns).reduce(0) { $0 + $1.count * $1.width }
    }

    /// Bytes of the pinned buffers that copies between main memory and the device go through.
    var pinnedBytes: Int {
        let batches = updates.flatMap { $0 }
        let positions = (batches + (validation.map { [$0] } ?? [])).map(\.positions).max() ?? 0
        let largest = updated.map { $0.count * 4 }.max() ?? 0
        // Images of training go up beside the passes through buffers of their own.
        return device.pinnedBytes(
            largestUpload: imageBytes(of: batches.map(\.pictures).max() ?? 0),
            largestDownload: copiesCheckpoint ? largest : 0)
            + device.pinnedBytes(
                largestUpload: imageBytes(of: validation?.pictures ?? 0), largestDownload: 0)
            + device.pinnedBytes(
                largestUpload: MiphaBatch.sentBytes(positions: positions), largestDownload: 0)
    }

    /// Bytes of so many images that are sent at once.
    private func imageBytes(of count: Int) -> Int { count * imageBytes }

    /// Bytes of a process in main memory where tensors are on a device: itself, samples that are
    /// prepared ahead, pinned buffers, what a checkpoint is written from, and the model that is
    /// collected at the end.
    func hostBytes(program: Int) -> Int {
        let collected =
            job?.mode == .zero3 ? parameters.reduce(0) { $0 + $1.count * $1.width } : 0
        let largest = parameters.map { $0.count * max($0.width, $0.storedWidth) }.max() ?? 0
        return program + prefetched + pinnedBytes
            + max(copiesCheckpoint ? copiedBytes : 0, collected, largest)
    }

    /// The memory that is held throughout training, and activations at their peak.
    func parts(program: Int, activations: Int) -> [MemoryPlan.Part] {
        let pieces = updated
        let count = pieces.reduce(0) { $0 + $1.count }
        let moments = pieces.reduce(0) { $0 + self.moments.byteCounts($1.count).reduce(0, +) }
        let masters = pieces.reduce(0) { $0 + $1.count * masterWidth($1.width) }
        let parts = [
            MemoryPlan.Part(name: isOnDevice ? "context" : "program", bytes: program),
            MemoryPlan.Part(name: "weights", bytes: weightBytes),
            MemoryPlan.Part(name: "gathered weights", bytes: job?.gatheredBytes ?? 0),
            MemoryPlan.Part(name: "master weights", bytes: masters),
            MemoryPlan.Part(name: "moments", bytes: moments),
            MemoryPlan.Part(name: "moving average", bytes: keepsAverage ? 4 * count : 0),
            MemoryPlan.Part(name: "gradients", bytes: gradientBytes),
            MemoryPlan.Part(
                name: "gradients on their way", bytes: job?.bufferBytes.reduce(0, +) ?? 0),
            MemoryPlan.Part(name: "activations", bytes: max(0, activations)),
            MemoryPlan.Part(
                name: "samples prepared ahead", bytes: isOnDevice ? 0 : prefetched),
        ]
        return parts.filter { $0.bytes > 0 }
    }

    private var weightBytes: Int {
        let all = parameters.reduce(0) { $0 + ($1.packedBytes ?? $1.count * $1.width) }
        guard let job, job.mode == .zero3 else { return all }
        let shared = job.layout.units.reduce(0) { sum, unit in
            sum + unit.entries.reduce(0) { $0 + $1.count * unit.dtype.byteCount }
        }
        return all - shared + job.layout.parameterBytes / job.worldSize
    }

    private var gradientBytes: Int {
        guard let job, job.mode.sharesGradients else {
            return parameters.filter(\.learns).reduce(0) { $0 + $1.count * $1.width }
        }
        return job.layout.units.filter(\.learns).reduce(0) { $0 + job.shareBytes($1) }
    }
}
