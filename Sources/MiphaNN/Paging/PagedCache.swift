public import MiphaTorch

/// Keys and values of any number of texts, in pages that texts with the same beginning share.
///
/// Texts (``PagedSequence``) come, append, fork and go; no text is copied when another leaves. What the
/// texts of a pass append stands side by side in memory, so that one attention call reads it as a view,
/// and a beginning that they share is read where it is, once for all of them.
public final class PagedCache {
    /// Positions of a page.
    public static let pageLength = 16
    /// Positions by which the run of a text grows beyond what is needed at once.
    static let growth = 64
    /// Positions that a text may take beside its own: growth, a copied page, and the rest of the last.
    package static let spare = growth + 2 * pageLength

    private struct WeakSlab {
        weak var slab: PageSlab?
    }

    private let layerCount: Int
    private let device: Device
    private var slabs: [WeakSlab] = []

    /// Creates a cache without pages.
    ///
    /// - Parameter device: where the keys will be.
    public init(layers: Int, device: Device) {
        layerCount = layers
        self.device = device
    }

    /// Number of pages that some text holds.
    public var pagesInUse: Int { slabs.reduce(0) { $0 + ($1.slab?.pagesInUse ?? 0) } }

    /// Number of pages in memory.
    public var pageCount: Int {
        slabs.reduce(0) { $0 + ($1.slab.map { $0.slotCount * $0.pagesPerSlot } ?? 0) }
    }

    /// Starts a pass in which texts get their next tokens, all in one list `[1, tokens]`, text after text.
    ///
    /// The lengths of the texts change here; keys and values come with the pass, which must go through
    /// all layers before the next one starts.
    ///
    /// - Parameters:
    ///   - rows: the texts, none twice; those that share a beginning stand one after another.
    ///   - counts: number of tokens for each, some of them perhaps 0.
    public func pass(
        _ rows: [PagedSequence], counts: [Int]
    ) throws(TensorError) -> PagedPass {
        precondition(rows.count == counts.count, "one count for each text")
        try makeRoom(rows, counts)
        let pass = try PagedPass(rows, counts, device: device)
        for (row, count) in zip(rows, counts) { row.advance(count) }
        return pass
    }

    /// Moves texts whose runs are too short, and those beside them, to neighbouring slots.
    private func makeRoom(_ rows: [PagedSequence], _ counts: [Int]) throws(TensorError) {
        let short = zip(rows, counts).map { !$0.hasRoom($1) }
        guard short.contains(true) else { return }
        let crowded = Set(
            zip(rows, short).compactMap { $1 ? $0.runSlab.map(ObjectIdentifier.init) : nil })
        var moves: [Move] = []
        var longest = 1
        for index in rows.indices {
            let row = rows[index]
            let isBeside = row.runSlab.map { crowded.contains(ObjectIdentifier($0)) } ?? false
            guard short[index] || isBeside else { continue }
            let start = row.stayingPageCount
            moves.append(Move(row: row, start: start, source: row.extent(from: start)))
            let before = start * Self.pageLength
            let needed = row.length - before + counts[index]
            let most = row.bound.map { $0 - before } ?? .max
            longest = max(longest, needed, min(needed + Self.growth, most))
        }
        let (slab, first) = take(moves.count, pages: PagedSequence.pageCount(longest))
        let runs = try moves.indices.map { place throws(TensorError) in
            try slab.take(first + place)
        }
        try copy(moves, to: slab, first)
        for (move, run) in zip(moves, runs) { move.row.move(from: move.start, to: run) }
    }

    /// A text that goes on elsewhere after some of its pages.
    private struct Move {
        let row: PagedSequence
        let start: Int
        let source: PageExtent?
    }

    /// Copies what moves layer by layer, and frees the old memory as soon as nobody needs it.
    private func copy(
        _ moves: [Move], to slab: PageSlab, _ first: Int
    ) throws(TensorError) {
        var counts: [ObjectIdentifier: Int] = [:]
        for move in moves { move.row.countOwnPages(from: move.start, into: &counts) }
        let left = slabs.compactMap(\.slab).filter {
            counts[ObjectIdentifier($0)] == $0.pagesInUse
        }
        for layer in 0..<layerCount {
            for (place, move) in moves.enumerated() {
                guard let source = move.source, let from = try source.stored(layer) else {
                    continue
                }
                let to = try slab.storage(
                    layer, heads: from.keys.size(1), width: from.keys.size(3), like: from.keys)
                let slot = first + place
                try to.part(slots: slot..<slot + 1, positions: 0..<source.positions.count)
                    .assign(from)
            }
            for old in left { old.drop(layer) }
        }
    }

    /// Neighbouring free slots, in memory that is there or new.
    private func take(_ count: Int, pages: Int) -> (slab: PageSlab, first: Int) {
        slabs.removeAll { $0.slab == nil }
        for case let slab? in slabs.map(\.slab)
        where (pages...2 * pages).contains(slab.pagesPerSlot) {
            if let first = slab.freeSlots(count) { return (slab, first) }
        }
        let slab = PageSlab(slotCount: count, pagesPerSlot: pages, layerCount: layerCount)
        slabs.append(WeakSlab(slab: slab))
        return (slab, 0)
    }
}
