/// Byte-pair merging of one word: the pair with the lowest rank first, the leftmost of equals.
///
/// Reference: Sennrich et al. 2016; Hugging Face `tokenizers`, models/bpe/word.rs (`merge_all`).
/// Short words are merged by scanning a small array, long ones with a heap, so that a word of n
/// bytes costs O(n log n).
struct BytePairModel: Sendable {
    private static let longestScannedWord = 40
    private static let never = UInt32.max

    /// Rank of every mergeable pair.
    let ranks: PairTable
    /// The id that the merge of each rank makes.
    let merged: [UInt32]
    /// The id that each pair makes, where several merges share a rank; else nil.
    let results: PairTable?
    /// What a word is before merging.
    let symbols: StartSymbols

    @inline(__always)
    private func rank(_ left: UInt32, _ right: UInt32) -> UInt32 {
        ranks[PairTable.key(left, right)]
    }

    @inline(__always)
    private func result(_ rank: UInt32, _ left: UInt32, _ right: UInt32) -> UInt32 {
        guard let results else { return merged[Int(rank)] }
        return results[PairTable.key(left, right)]
    }

    /// Merges the word `start..<end`; the result is in `scratch.ids` and `scratch.lengths`.
    func merge(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch) {
        scratch.clear()
        symbols.split(bytes, start, end, &scratch)
        if scratch.ids.count < 2 { return }
        if scratch.ids.count <= Self.longestScannedWord {
            mergeByScanning(&scratch)
        } else {
            mergeByHeap(&scratch)
        }
    }

    private func mergeByScanning(_ scratch: inout TokenScratch) {
        var count = scratch.ids.count
        scratch.ranks.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            scratch.ranks.append(rank(scratch.ids[index], scratch.ids[index + 1]))
        }
        scratch.ranks.append(Self.never)
        while count > 1 {
            var best = Self.never
            var at = 0
            for index in 0..<count - 1 where scratch.ranks[index] < best {
                best = scratch.ranks[index]
                at = index
            }
            if best == Self.never { break }
            scratch.ids[at] = result(best, scratch.ids[at], scratch.ids[at + 1])
            scratch.lengths[at] += scratch.lengths[at + 1]
            var index = at + 1
            while index < count - 1 {
                scratch.ids[index] = scratch.ids[index + 1]
                scratch.lengths[index] = scratch.lengths[index + 1]
                scratch.ranks[index] = scratch.ranks[index + 1]
                index += 1
            }
            count -= 1
            scratch.ranks[at] =
                at + 1 < count ? rank(scratch.ids[at], scratch.ids[at + 1]) : Self.never
            if at > 0 { scratch.ranks[at - 1] = rank(scratch.ids[at - 1], scratch.ids[at]) }
        }
        scratch.ids.removeLast(scratch.ids.count - count)
        scratch.lengths.removeLast(scratch.lengths.count - count)
    }

    private func mergeByHeap(_ scratch: inout TokenScratch) {
        let count = scratch.ids.count
        scratch.ranks = Array(repeating: Self.never, count: count)
        scratch.next = Array(repeating: -1, count: count)
        scratch.previous = Array(repeating: -1, count: count)
        scratch.heap.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            scratch.next[index] = Int32(index + 1)
            scratch.previous[index + 1] = Int32(index)
            let rank = rank(scratch.ids[index], scratch.ids[index + 1])
            scratch.ranks[index] = rank
            if rank != Self.never { scratch.heap.append(UInt64(rank) << 32 | UInt64(index)) }
        }
        // An array in ascending order is a heap.
        scratch.heap.sort()
        while let top = Self.pop(&scratch.heap) {
            let at = Int(top & 0xFFFF_FFFF)
            let rank = UInt32(top >> 32)
            // A pair that has since changed has another rank, and a symbol merged away has none.
            guard scratch.ranks[at] == rank else { continue }
            let gone = Int(scratch.next[at])
            let after = scratch.next[gone]
            scratch.ids[at] = result(rank, scratch.ids[at], scratch.ids[gone])
            scratch.lengths[at] += scratch.lengths[gone]
            scratch.lengths[gone] = -1
            scratch.ranks[gone] = Self.never
            scratch.next[at] = after
            if after >= 0 { scratch.previous[Int(after)] = Int32(at) }
            update(at, &scratch)
            if scratch.previous[at] >= 0 { update(Int(scratch.previous[at]), &scratch) }
        }
        var kept = 0
        var index: Int32 = 0
        while index >= 0 {
            scratch.ids[kept] = scratch.ids[Int(index)]
            scratch.lengths[kept] = scratch.lengths[Int(index)]
            kept += 1
            index = scratch.next[Int(index)]
        }
        scratch.ids.removeLast(count - kept)
        scratch.lengths.removeLast(count - kept)
    }

    private func update(_ index: Int, _ scratch: inout TokenScratch) {
        let next = scratch.next[index]
        let rank = next < 0 ? Self.never : rank(scratch.ids[index], scratch.ids[Int(next)])
        scratch.ranks[index] = rank
        if rank != Self.never { Self.push(UInt64(rank) << 32 | UInt64(index), &scratch.heap) }
    }

    private static func push(_ value: UInt64, _ heap: inout [UInt64]) {
        var index = heap.count
        heap.append(value)
        while index > 0 {
            let parent = (index - 1) / 2
            if heap[parent] <= value { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = value
    }

    private static func pop(_ heap: inout [UInt64]) -> UInt64? {
        guard let top = heap.first, let value = heap.popLast() else { return nil }
        let count = heap.count
        if count == 0 { return top }
        var index = 0
        while true {
            var child = index * 2 + 1
            if child >= count { break }
            if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
            if heap[child] >= value { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = value
        return top
    }
}
