/// A text in a paged cache: a table of pages and the number of positions that they hold.
///
/// Position `p` is in page `p / PagedCache.pageLength` of the table. Pages may be of several texts'
/// tables; only a page that is of one table alone is written to. What a text appends goes to a run
/// of pages of its own, which is consecutive in memory.
public final class PagedSequence {
    private(set) var pages: [Page] = []
    /// Number of pages before the text's own run.
    private(set) var runStart = 0
    /// Number of positions.
    public private(set) var length = 0
    /// The most positions that the text will ever have; `nil`: not known.
    let bound: Int?

    /// Starts an empty text.
    ///
    /// - Parameter bound: the most positions that it will ever have, for which no more memory is
    ///   taken than needed.
    public init(bound: Int? = nil) {
        self.bound = bound
    }

    /// Number of pages in the table.
    public var pageCount: Int { pages.count }

    /// A text that begins like this one and shares its pages.
    ///
    /// - Parameter count: number of positions; `nil`: all.
    public func fork(first count: Int? = nil) -> PagedSequence {
        let count = count ?? length
        precondition((0...length).contains(count), "a fork has no more positions than the text")
        let fork = PagedSequence()
        fork.pages = Array(pages[..<Self.pageCount(count)])
        fork.runStart = fork.pages.count
        fork.length = count
        return fork
    }

    /// Gives the pages back; the text is empty then.
    public func release() {
        pages = []
        (runStart, length) = (0, 0)
    }

    /// Number of pages for some positions.
    static func pageCount(_ positions: Int) -> Int {
        (positions + PagedCache.pageLength - 1) / PagedCache.pageLength
    }

    /// Number of the page to which the next position goes.
    private var nextPage: Int { length / PagedCache.pageLength }

    /// Whether the next position goes to a page that other texts hold too.
    private var nextPageIsShared: Bool {
        length % PagedCache.pageLength != 0 && !isKnownUniquelyReferenced(&pages[nextPage])
    }

    /// Whether the next positions fit into the own run.
    func hasRoom(_ count: Int) -> Bool {
        runStart <= nextPage && !nextPageIsShared
            && pages.count * PagedCache.pageLength >= length + max(count, 1)
    }

    /// Number of pages that stay where they are when the rest moves to another run.
    var stayingPageCount: Int {
        runStart <= nextPage && !nextPageIsShared ? runStart : nextPage
    }

    /// The extent of the pages from a number on; they are consecutive.
    func extent(from page: Int) -> PageExtent? {
        let own = length - page * PagedCache.pageLength
        return [PageExtent](pages[page...], length: own).first
    }

    /// The memory of the own run, if there is one.
    var runSlab: PageSlab? { runStart < pages.count ? pages[runStart].slab : nil }

    /// Slot of the own run.
    var runSlot: Int { pages[runStart].slot }

    /// Number of positions in the own run.
    var runLength: Int { length - runStart * PagedCache.pageLength }

    /// Counts the pages from a number on that no other text holds, by memory.
    func countOwnPages(from page: Int, into counts: inout [ObjectIdentifier: Int]) {
        for index in pages.indices.dropFirst(page)
        where isKnownUniquelyReferenced(&pages[index]) {
            counts[ObjectIdentifier(pages[index].slab), default: 0] += 1
        }
    }

    /// Goes on in another run, to which the positions after `page` pages were copied.
    func move(from page: Int, to run: [Page]) {
        pages.removeSubrange(page...)
        pages += run
        runStart = page
    }

    /// Counts positions that a pass is about to write.
    func advance(_ count: Int) { length += count }
}
