extension MiphaModel {
    /// Prefixes of the parameters that each segment of the model's longest chain reads, in order.
    ///
    /// The chain of a batch has these segments or, without pictures, leaves some out.
    package func segmentPrefixes() throws -> [[String]] {
        let context = try language.context(.contiguous(count: 1), cache: nil, dropout: nil)
        let embeddings = language.embeddingPrefixes + ["model.mm_projector."]
        return tower.segments(dropout: nil).map(\.prefixes) + [embeddings]
            + language.segments(context).map(\.prefixes) + [language.headPrefixes]
    }
}
