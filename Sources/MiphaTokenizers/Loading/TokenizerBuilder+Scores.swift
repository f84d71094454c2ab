extension TokenizerBuilder {
    /// The pairs of a SentencePiece or tiktoken vocabulary: any two tokens whose joint text is a
    /// token, that with the highest score first.
    func scoredPairs(_ scores: [Float], _ symbols: StartSymbols) -> BytePairModel {
        let order = Set(scores).sorted(by: >)
        var rankOfScore: [Float: UInt32] = [:]
        for (rank, score) in order.enumerated() { rankOfScore[score] = UInt32(rank) }
        var found: [(pair: UInt64, rank: UInt32, result: UInt32)] = []
        var bytes: [UInt8] = []
        for (id, content) in definition.vocabulary.contents.enumerated() {
            guard let content, id < scores.count, !definition.reserved.contains(id),
                let rank = rankOfScore[scores[id]]
            else { continue }
            bytes.removeAll(keepingCapacity: true)
            bytes.append(contentsOf: content.utf8)
            for cut in bytes.indices.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
                guard let left = definition.vocabulary.id(ofBytes: bytes[..<cut]),
                    !definition.reserved.contains(left),
                    let right = definition.vocabulary.id(ofBytes: bytes[cut...]),
                    !definition.reserved.contains(right)
                else { continue }
                found.append((PairTable.key(UInt32(left), UInt32(right)), rank, UInt32(id)))
            }
        }
        var ranks = PairTable(capacity: found.count)
        var results = PairTable(capacity: found.count)
        for entry in found {
            ranks.set(entry.pair, entry.rank)
            results.set(entry.pair, entry.result)
        }
        return BytePairModel(ranks: ranks, merged: [], results: results, symbols: symbols)
    }
}
