/// Bookkeeping of a process's memory as the C library hands it out while a run trains.
///
/// Training asks glibc to keep what is freed (`Engine.keepFreedMemory`): blocks below
/// ``mappedFrom`` bytes come from one region that grows and never shrinks, each from the smallest free
/// range that holds it; larger ones that fit no free range are mapped and given back. What is resident
/// is the most that the region ever reached plus what is mapped now, so a gap between blocks counts
/// although nothing is in it. No byte is ever touched here.
final class SimulatedHeap {
    /// A block that was handed out.
    struct Block {
        fileprivate let start: Int
        fileprivate let size: Int
        fileprivate let isMapped: Bool
    }

    private struct FreeRange {
        var start: Int
        var size: Int
    }

    /// Blocks of this size and above get a mapping of their own (M_MMAP_THRESHOLD of the engine).
    static let mappedFrom = 32 << 20
    /// The alignment that libtorch asks for, and the header of a block.
    private static let alignment = 64, header = 16

    /// Free ranges of the region, by rising start; no two touch.
    private var free: [FreeRange] = []
    private var top = 0
    private var highest = 0
    private var mapped = 0
    /// Bytes that are in use.
    private(set) var live = 0
    /// The most that was resident since the last call of ``beginPhase()``.
    private(set) var phasePeak = 0
    /// The most bytes in use since then.
    private(set) var phaseLivePeak = 0

    /// Bytes that are resident now.
    var resident: Int { highest + mapped }
    /// The most that the region of small blocks ever reached.
    var regionBytes: Int { highest }

    /// Starts a new phase and its peak.
    func beginPhase() {
        phasePeak = resident
        phaseLivePeak = live
    }

    /// Hands out a block.
    func allocate(_ bytes: Int) -> Block {
        let size = (max(bytes, 16) + Self.header + 15) & ~15
        let asked = size + Self.alignment + 2 * Self.header
        live += size
        phaseLivePeak = max(phaseLivePeak, live)
        defer { phasePeak = max(phasePeak, resident) }
        if let place = bestRange(for: asked) {
            let range = free[place]
            if range.size - size >= 2 * Self.header {
                free[place] = FreeRange(start: range.start + size, size: range.size - size)
                return Block(start: range.start, size: size, isMapped: false)
            }
            free.remove(at: place)
            return Block(start: range.start, size: range.size, isMapped: false)
        }
        if size >= Self.mappedFrom {
            let pages = (size + 4095) & ~4095
            mapped += pages
            return Block(start: 0, size: pages, isMapped: true)
        }
        let start = top
        top += size
        highest = max(highest, top)
        return Block(start: start, size: size, isMapped: false)
    }

    /// Takes a block back.
    func release(_ block: Block) {
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
