/// The segmentation of a text into the pieces with the highest sum of scores.
///
/// Reference: Kudo 2018; sentencepiece, src/unigram_model.cc (`EncodeOptimized`), and Hugging Face
/// `tokenizers`, models/unigram/model.rs (`encode_optimized`). Both walk once over the text and keep
/// the best way to every byte; they differ in the precision of the sums.
struct UnigramModel: Sendable {
    private static let unknownPenalty = 10.0

    /// The pieces.
    let trie: PieceTrie
    /// What a piece adds to the sum.
    let scores: [Double]
    /// Added to what a scalar without piece costs.
    let unknownScore: Double
    let unknownID: UInt32
    /// The tokens of single bytes that stand for what no piece covers, or nil.
    let byteIDs: [UInt32]?
    /// Sums are rounded to 32 bits, as SentencePiece's are.
    let rounds: Bool
    /// Bytes of a stretch without piece become one stretch of byte tokens only as a whole.
    private let fallback: ScalarSymbols

    init(
        trie: PieceTrie, scores: [Double], lowest: Double, unknownID: UInt32, byteIDs: [UInt32]?,
        rounds: Bool
    ) {
        self.trie = trie
        self.scores = scores
        unknownScore =
            rounds
            ? Double(Float(lowest) - Float(Self.unknownPenalty)) : lowest - Self.unknownPenalty
        self.unknownID = unknownID
        self.byteIDs = byteIDs
        self.rounds = rounds
        fallback = ScalarSymbols(byteIDs: byteIDs)
    }

    /// Cuts `start..<end` into pieces; the result is in `scratch.ids` and `scratch.lengths`.
    func segment(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch) {
        scratch.clear()
        let count = end - start
        if scratch.starts.count <= count {
            scratch.scores = Array(repeating: 0, count: count + 1)
            scratch.starts = Array(repeating: -1, count: count + 1)
            scratch.pieces = Array(repeating: 0, count: count + 1)
        }
        for place in 0...count { scratch.starts[place] = -1 }
        scratch.scores[0] = 0
        var place = 0
        while place < count {
            let reached = scratch.scores[place]
            let length = UTF8Text.scalar(at: start + place, in: bytes).length
            var hasSingle = false
            var node = PieceTrie.root
            var position = place
            while position < count {
                node = trie.child(node, bytes[start + position])
                if node == PieceTrie.none { break }
                position += 1
                let piece = trie.piece(node)
                if piece == PieceTrie.none { continue }
                offer(piece, scores[Int(piece)] + reached, from: place, to: position, &scratch)
                if position - place == length { hasSingle = true }
            }
            if !hasSingle {
                offer(unknownID, unknownScore + reached, from: place, to: place + length, &scratch)
            }
            place += length
        }
        collect(bytes, start, count, &scratch)
    }

    @inline(__always)
    private func offer(
        _ piece: UInt32, _ score: Double, from start: Int, to end: Int,
        _ scratch: inout TokenScratch
    ) {
        let sum = rounds ? Double(Float(score)) : score
        guard scratch.starts[end] < 0 || sum > scratch.scores[end] else { return }
        scratch.scores[end] = sum
        scratch.starts[end] = Int32(start)
        scratch.pieces[end] = piece
    }

    /// Walks back from the end, then turns the pieces around.
    private func collect(
        _ bytes: Span<UInt8>, _ start: Int, _ count: Int, _ scratch: inout TokenScratch
    ) {
        var end = count
        // The ends of the pieces, from the last to the first, in `next`.
        scratch.next.removeAll(keepingCapacity: true)
        while end > 0 {
            scratch.next.append(Int32(end))
            end = Int(scratch.starts[end])
        }
        var from = 0
        var afterUnknown = false
        for stop in scratch.next.reversed() {
            let piece = scratch.pieces[Int(stop)]
            let length = Int(stop) - from
            if piece != unknownID {
                scratch.ids.append(piece)
                scratch.lengths.append(Int32(length))
                afterUnknown = false
            } else if !fallback.appendBytes(bytes, start + from, length, &scratch) {
                scratch.isIrregular = true
                if afterUnknown {
                    scratch.lengths[scratch.lengths.count - 1] += Int32(length)
                } else {
                    scratch.ids.append(unknownID)
                    scratch.lengths.append(Int32(length))
                }
                afterUnknown = true
            }
            from = Int(stop)
        }
    }
}
