package import MiphaTorch

/// The whole numbers that a pass over a batch looks things up with, on the device of the model.
///
/// They travel as one buffer, because each copy to a device costs a call and perhaps a wait; the
/// tensors are views of it.
struct PassIndices {
    /// Text ids, one after another, without markers.
    let textIDs: Tensor
    /// The source of each position, see ``SplicePlan/sources``.
    let sources: Tensor
    /// Position of each token in its text, `[rows or 1, tokens]`.
    let positions: Tensor
    /// The real tokens, `[rows, tokens]`, other than 0; `nil`: all, or the CPU, which makes masks of the
    /// layout's lists.
    let keys: Tensor?
    /// The supervised positions with their targets.
    let supervised: SupervisedPlaces

    /// - Parameters:
    ///   - layout: that of the tokens; `nil` where none but the embeddings are computed.
    ///   - isSupervised: whether supervised positions are wanted.
    ///   - lists: others that are wanted beside them.
    init(
        _ plan: SplicePlan, _ layout: SequenceLayout? = nil, isSupervised: Bool = false,
        lists: [[Int]] = [], on device: Device
    ) throws(TensorError) {
        let supervised = isSupervised ? plan.supervised : (positions: [], targets: [])
        let positions = layout?.positions ?? []
        let mask = device.isAccelerator ? layout?.keyMask : nil
        var parts = try Parts(
            [
                plan.textIDs, plan.sources, positions.flatMap { $0 },
                mask?.flatMap { $0.map { $0 ? 1 : 0 } } ?? [], supervised.positions,
                supervised.targets,
            ] + lists, on: device)
        textIDs = try parts.next()
        sources = try parts.next()
        self.positions = try parts.next().reshaped([
            positions.count, positions.first?.count ?? 0,
        ])
        let keys = try parts.next()
        self.keys = try mask.map { (rows) throws(TensorError) in
            try keys.reshaped([rows.count, rows.first?.count ?? 0])
        }
        var places = SupervisedPlaces(positions: try parts.next(), targets: try parts.next())
        for _ in lists { places.lists.append(try parts.next()) }
        self.supervised = places
    }

    /// Embeddings of a spliced batch, `[rows, columns, width]`.
    ///
    /// - Parameter features: `[images, patches, width]`, or `nil` without images.
    func spliced(
        _ plan: SplicePlan, features: Tensor?, _ language: any LanguageModel
    ) throws(TensorError) -> Tensor {
        let width = language.shape.width
        let words = try language.embed(textIDs)
        var parts = [words]
        if let features { parts.append(try features.reshaped([-1, width])) }
        parts.append(try .zeros([1, width], dtype: words.dtype, device: words.device))
        return try language.enter(
            Tensor.concatenating(parts, along: 0).selecting(sources)
                .reshaped([plan.rows, plan.columns, width]))
    }

    /// Bytes of the buffer at most, of a batch of so many positions.
    static func byteCount(positions: Int) -> Int { 8 * positions * DType.int64.byteCount }

    /// Lists in one buffer.
    private struct Parts {
        private let all: Tensor
        private var counts: ArraySlice<Int>
        private var start = 0

        init(_ lists: [[Int]], on device: Device) throws(TensorError) {
            all = try Tensor.joining(lists, shape: [lists.reduce(0) { $0 + $1.count }])
                .uploaded(to: device)
            counts = lists.map(\.count)[...]
        }

        mutating func next() throws(TensorError) -> Tensor {
            let count = counts.popFirst() ?? 0
            defer { start += count }
            return try all.narrowed(0, from: start, length: count)
        }
    }
}

/// Positions of a batch whose successors are learned, on the device of the model.
package struct SupervisedPlaces {
    /// Indices into the flattened batch, int64.
    package let positions: Tensor
    /// The id that follows each, int64.
    package let targets: Tensor
    /// Other lists that were asked for, int64.
    package internal(set) var lists: [Tensor] = []
}
