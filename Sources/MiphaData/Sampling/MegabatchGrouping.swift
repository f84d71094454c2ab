/// Orders in which the batches of all ranks at one moment, a megabatch, hold samples of like length.
///
/// Reference: zhuyiche/llava-phi, `mipha/train/mipha_trainer.py`. Where that draws a permutation,
/// `permutation` is called with its size, in the same succession.
package struct MegabatchGrouping: Sendable, Hashable {
    /// Samples of one batch of one rank; accumulation does not count.
    package let batchSize: Int
    /// Number of ranks.
    package let world: Int

    /// Describes batches; both numbers are at least 1.
    package init(batchSize: Int, world: Int) {
        precondition(batchSize > 0 && world > 0, "batches and ranks are at least one")
        self.batchSize = batchSize
        self.world = world
    }

    private var size: Int { batchSize * world }

    /// An order of the places of `lengths`, each once.
    ///
    /// A permutation is cut into megabatches, each is sorted by falling length and dealt to the ranks.
    package func order(_ lengths: [Int], permutation: (Int) -> [Int]) -> [Int] {
        var order: [Int] = []
        order.reserveCapacity(lengths.count)
        for megabatch in megabatches(permutation(lengths.count)) {
            for chunk in chunks(FallingLength.sorted(megabatch, lengths), lengths) {
                order += chunk
            }
        }
        return order
    }

    /// An order whose megabatches have images or have none, except for one or two.
    ///
    /// The last megabatch of each modality, which may be short, is held back. If the two together
    /// fill a megabatch, it comes first; what is left comes last.
    package func order(
        _ lengths: [Int], hasPictures: [Bool], permutation: (Int) -> [Int]
    ) -> [Int] {
        let pictured = lengths.indices.filter { hasPictures[$0] }
        guard !pictured.isEmpty, pictured.count < lengths.count else {
            return order(lengths, permutation: permutation)
        }
        let textual = lengths.indices.filter { !hasPictures[$0] }
        var groups = [pictured, textual].map { places in
            let inner = self.order(places.map { lengths[$0] }, permutation: permutation)
            return megabatches(inner.map { places[$0] })
        }
        let heldBack = (groups[0].popLast() ?? []) + (groups[1].popLast() ?? [])
        let whole = groups[0] + groups[1]
        var order: [Int] = []
        order.reserveCapacity(lengths.count)
        if heldBack.count >= size { order += heldBack.prefix(size) }
        for place in permutation(whole.count) { order += whole[place] }
        order += heldBack.count >= size ? heldBack.dropFirst(size) : heldBack[...]
        return order
    }

    private func megabatches(_ order: [Int]) -> [ArraySlice<Int>] {
        stride(from: 0, to: order.count, by: size).map {
            order[$0..<min($0 + size, order.count)]
        }
    }

    /// Deals places to the ranks: each to the rank with the smallest sum of lengths so far that
    /// still has room, the first of equals; one by one in turn when they do not divide evenly.
    package func chunks(_ places: [Int], _ lengths: [Int]) -> [[Int]] {
        guard places.count.isMultiple(of: world) else {
            return (0..<world).map { rank in
                stride(from: rank, to: places.count, by: world).map { places[$0] }
            }
        }
        let room = places.count / world
        var chunks = [[Int]](repeating: [], count: world)
        var sums = [Int](repeating: 0, count: world)
        for place in places {
            var smallest = 0
            for rank in 1..<max(world, 1) where sums[rank] < sums[smallest] { smallest = rank }
            chunks[smallest].append(place)
            sums[smallest] += lengths[place]
            if chunks[smallest].count == room { sums[smallest] = .max }
        }
        return chunks
    }
}

/// Sorting as Python's `sorted(key: length, reverse: True)` does: equals keep their order.
enum FallingLength {
    static func sorted(_ places: ArraySlice<Int>, _ lengths: [Int]) -> [Int] {
        places.indices
            .sorted { left, right in
                let (a, b) = (lengths[places[left]], lengths[places[right]])
                return a == b ? left < right : a > b
            }
            .map { places[$0] }
    }
}
