/// Working memory of a model, kept between words.
struct TokenScratch: Sendable {
    /// The ids of the word: the result.
    var ids: [UInt32] = []
    /// How many bytes of the word each id stands for.
    var lengths: [Int32] = []
    /// Whether some id stands for other bytes than those of its token: an unknown one, or bytes that
    /// no token has.
    var isIrregular = false

    // Of pairs.
    var ranks: [UInt32] = []
    var next: [Int32] = []
    var previous: [Int32] = []
    var heap: [UInt64] = []

    // Of the best way to every byte.
    var scores: [Double] = []
    var starts: [Int32] = []
    var pieces: [UInt32] = []

    /// The words this can hold without growing, in symbols.
    var capacity: Int {
        max(ids.capacity, ranks.capacity, heap.capacity, scores.capacity, pieces.capacity)
    }

    mutating func clear() {
        ids.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        isIrregular = false
    }
}
