import MiphaTorch

/// Memory for pages: slots of consecutive positions, all of one length, side by side.
///
/// What stands in one slot, or in the same positions of neighbouring slots, is read as a view. The memory
/// is freed with the last page that is in use.
final class PageSlab {
    /// Keys and values of one layer, `[slots, heads, positions, width]`.
    struct Storage {
        let keys, values: Tensor

        /// Some positions of some slots, as views.
        func part(slots: Range<Int>, positions: Range<Int>) throws(TensorError) -> Storage {
            func part(_ x: Tensor) throws(TensorError) -> Tensor {
                try x.narrowed(0, from: slots.lowerBound, length: slots.count)
                    .narrowed(2, from: positions.lowerBound, length: positions.count)
            }
            return Storage(keys: try part(keys), values: try part(values))
        }

        /// Writes over these positions.
        func assign(_ source: Storage) throws(TensorError) {
            try keys.assign(source.keys)
            try values.assign(source.values)
        }
    }

    let slotCount, pagesPerSlot: Int
    private(set) var layers: [Storage?]
    /// Pages in use, by slot.
    private var usage: [Int]
    /// Whether something was written to a slot before.
    private var isUsed: [Bool]

    init(slotCount: Int, pagesPerSlot: Int, layerCount: Int) {
        self.slotCount = slotCount
        self.pagesPerSlot = pagesPerSlot
        layers = Array(repeating: nil, count: layerCount)
        usage = Array(repeating: 0, count: slotCount)
        isUsed = Array(repeating: false, count: slotCount)
    }

    /// Number of pages in use.
    var pagesInUse: Int { usage.reduce(0, +) }

    /// The first of `count` neighbouring slots without pages in use.
    func freeSlots(_ count: Int) -> Int? {
        guard count <= slotCount else { return nil }
        return (0...slotCount - count).first { first in
            usage[first..<first + count].allSatisfy { $0 == 0 }
        }
    }

    /// All pages of a free slot.
    func take(_ slot: Int) throws(TensorError) -> [Page] {
        precondition(usage[slot] == 0, "the slot is taken")
        if isUsed[slot] {
            // A number that is not one would pass through a mask.
            for storage in layers {
                guard let storage else { continue }
                try storage.keys.narrowed(0, from: slot, length: 1).setZero()
                try storage.values.narrowed(0, from: slot, length: 1).setZero()
            }
        }
        isUsed[slot] = true
        return (0..<pagesPerSlot).map { Page(slab: self, slot: slot, number: $0) }
    }

    /// The memory of a layer, made for heads like those of `keys` `[..., heads, any, width]`.
    func storage(
        _ layer: Int, heads: Int, width: Int, like tensor: Tensor
    ) throws(TensorError) -> Storage {
        if let known = layers[layer] { return known }
        let shape = [slotCount, heads, pagesPerSlot * PagedCache.pageLength, width]
        func memory() throws(TensorError) -> Tensor {
            // Neighbouring slots are read up to the longest; a slot alone up to its own length.
            slotCount > 1
                ? try .zeros(shape, dtype: tensor.dtype, device: tensor.device)
                : try .empty(shape, dtype: tensor.dtype, device: tensor.device)
        }
        let storage = Storage(keys: try memory(), values: try memory())
        layers[layer] = storage
        return storage
    }

    /// Frees the memory of a layer, which nobody reads any more.
    func drop(_ layer: Int) { layers[layer] = nil }

    fileprivate func count(_ change: Int, in slot: Int) { usage[slot] += change }
}

/// A page: some consecutive positions of a slot, in use as long as the object lives.
final class Page {
    let slab: PageSlab
    /// The slot, and the number of the page in it.
    let slot, number: Int

    fileprivate init(slab: PageSlab, slot: Int, number: Int) {
        self.slab = slab
        self.slot = slot
        self.number = number
        slab.count(1, in: slot)
    }

    deinit { slab.count(-1, in: slot) }

    /// Whether `next` continues this page in memory.
    func isFollowed(by next: Page) -> Bool {
        next.slab === slab && next.slot == slot && next.number == number + 1
    }
}

/// Consecutive positions in one slot.
struct PageExtent {
    let slab: PageSlab
    let slot: Int
    var positions: Range<Int>

    /// Keys and values of a layer, `[1, heads, positions, width]`, views; `nil` if none were written.
    func stored(_ layer: Int) throws(TensorError) -> PageSlab.Storage? {
        guard let storage = slab.layers[layer] else { return nil }
        return try storage.part(slots: slot..<slot + 1, positions: positions)
    }
}

extension [PageExtent] {
    /// The extents that hold the first `length` positions of pages.
    init(_ pages: some Collection<Page>, length: Int) {
        self = []
        var (rest, last) = (length, Page?.none)
        for page in pages where rest > 0 {
            let taken = Swift.min(rest, PagedCache.pageLength)
            let start = page.number * PagedCache.pageLength
            if let former = last, former.isFollowed(by: page), !isEmpty {
                let begin = self[count - 1].positions.lowerBound
                self[count - 1].positions = begin..<start + taken
            } else {
                append(
                    PageExtent(slab: page.slab, slot: page.slot, positions: start..<start + taken))
            }
            rest -= taken
            last = page
        }
    }

    /// Keys and values of all extents, `[1, heads, positions, width]`: a view where there is one extent.
    func stored(_ layer: Int) throws(TensorError) -> PageSlab.Storage {
        var parts: [PageSlab.Storage] = []
        for extent in self {
            guard let part = try extent.stored(layer) else {
                preconditionFailure("layer \(layer) was not asked in an earlier pass")
            }
            parts.append(part)
        }
        guard parts.count != 1 else { return parts[0] }
        return PageSlab.Storage(
            keys: try .concatenating(parts.map(\.keys), along: 2),
            values: try .concatenating(parts.map(\.values), along: 2))
    }
}
