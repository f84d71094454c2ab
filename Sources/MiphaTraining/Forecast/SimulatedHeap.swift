package import MiphaTorch

/// Bookkeeping of a process's memory as it is handed out while a run trains.
///
/// `Engine.keepFreedMemory` decides how: tensors below ``mappedFrom`` bytes come from one region
/// that grows and never shrinks, each from the smallest free range that holds it; larger ones are
/// mapped and given back. What is resident is the most that the region ever reached plus what is
/// mapped now, so a gap between blocks counts although nothing is in it. No byte is ever touched
/// here.
package final class SimulatedHeap {
    /// A block that was handed out.
    package struct Block {
        fileprivate let start: Int
        fileprivate let size: Int
        fileprivate let isMapped: Bool
    }

    private struct FreeRange {
        var start: Int
        var size: Int
    }

    /// Tensors of this size and above get a mapping of their own.
    static let mappedFrom = 32 << 20
    /// Mappings are whole huge pages.
    private static let page = 2 << 20
    /// The overhead of a block: room to align the elements and to note where they are from.
    private static let overhead = 88
    /// The smallest range that is kept apart.
    private static let least = 32

    private let isOnDevice: Bool

    /// Creates an empty heap, of main memory or of a device's.
    package init(isOnDevice: Bool = false) {
        self.isOnDevice = isOnDevice
    }

    /// Free ranges of the region, by rising start; no two touch.
    private var free: [FreeRange] = []
    private var top = 0
    private var mapped = 0
    /// The most that the region of small blocks ever reached.
    private(set) var regionBytes = 0
    /// Bytes that are in use.
    package private(set) var live = 0
    /// The most that was resident since the last call of ``beginPhase()``.
    private(set) var phasePeak = 0

    /// The most bytes that were in use since the last call of ``beginPhase()``.
    private(set) var livePeak = 0

    /// Bytes that are resident now.
    package var resident: Int { regionBytes + mapped }

    /// Starts a new phase and its peak.
    func beginPhase() {
        phasePeak = resident
        livePeak = live
    }

    /// Hands out a block.
    package func allocate(_ bytes: Int) -> Block {
        let block = bytes >= Self.mappedFrom ? map(bytes) : take(bytes)
        live += block.size
        phasePeak = max(phasePeak, resident)
        livePeak = max(livePeak, live)
        return block
    }

    private func map(_ bytes: Int) -> Block {
        let size = (bytes + Self.overhead + Self.page - 1) / Self.page * Self.page
        mapped += size
        return Block(start: 0, size: size, isMapped: true)
    }

    private func take(_ bytes: Int) -> Block {
        let size = (bytes + Self.overhead + 15) & ~15
        guard let place = bestRange(for: size) else {
            defer {
                top += size
                regionBytes = max(regionBytes, top)
            }
            return Block(start: top, size: size, isMapped: false)
        }
        let range = free[place]
        guard range.size - size >= Self.least else {
            free.remove(at: place)
            return Block(start: range.start, size: range.size, isMapped: false)
        }
        free[place] = FreeRange(start: range.start + size, size: range.size - size)
        return Block(start: range.start, size: size, isMapped: false)
    }

    /// A block that goes back with the last reference to it.
    private final class Loan {
        private let heap: SimulatedHeap
        private let block: Block

        init(_ heap: SimulatedHeap, bytes: Int) {
            self.heap = heap
            block = heap.allocate(bytes)
        }

        deinit { heap.release(block) }
    }

    /// This heap as the memory of meta tensors.
    package var memory: MetaMemory {
        MetaMemory(isOnDevice: isOnDevice) { [self] bytes in Loan(self, bytes: bytes) }
    }

    /// Takes a block back.
    package func release(_ block: Block) {
        live -= block.size
        guard !block.isMapped else {
            mapped -= block.size
            return
        }
        var range = FreeRange(start: block.start, size: block.size)
        var place = firstRange(from: range.start)
        if place < free.count, range.start + range.size == free[place].start {
            range.size += free[place].size
            free.remove(at: place)
        }
        if place > 0, free[place - 1].start + free[place - 1].size == range.start {
            place -= 1
            range = FreeRange(start: free[place].start, size: free[place].size + range.size)
            free.remove(at: place)
        }
        if range.start + range.size == top {
            top = range.start
        } else {
            free.insert(range, at: place)
        }
    }

    /// The smallest free range of at least `size` bytes.
    private func bestRange(for size: Int) -> Int? {
        var best: Int?
        var smallest = Int.max
        for (place, range) in free.enumerated() where range.size >= size && range.size < smallest {
            best = place
            smallest = range.size
        }
        return best
    }

    /// The first free range that starts at or after an address.
    private func firstRange(from start: Int) -> Int {
        var (low, high) = (0, free.count)
        while low < high {
            let middle = (low + high) / 2
            if free[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
