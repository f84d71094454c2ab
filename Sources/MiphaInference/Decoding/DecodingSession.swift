public import MiphaModels
import MiphaNN
import MiphaTorch

/// The state of a batch of answers between two tokens.
///
/// Rows of different lengths end together: shorter ones are padded on the left, masked there, and
/// their positions count from their own first id. So a row's logits do not depend on its neighbours,
/// up to rounding. Every method is one synchronous call without gradients; a caller may interleave
/// several sessions.
public final class DecodingSession {
    private let model: MiphaModel
    private let plan: SplicePlan
    private let pixels: Tensor?
    private let cache: KeyValueCache?
    private var rows: [[Int]]
    private var features: Tensor?

    /// Ids appended to every row so far.
    public private(set) var appendedCount = 0
    /// Positions of each prompt, pictures included.
    public var promptLengths: [Int] { plan.lengths }

    /// Plans a batch; nothing is computed yet.
    ///
    /// - Parameter usesCache: without it every token is computed from the whole text again.
    /// - Throws: `InferenceError` for ids or pictures that do not fit; `TensorError`.
    public init(
        _ model: MiphaModel, prompts: [GenerationPrompt], usesCache: Bool = true
    ) throws {
        guard !prompts.isEmpty else {
            throw InferenceError(.invalidPrompt, "expected at least one prompt, found none")
        }
        for (row, prompt) in prompts.enumerated() { try prompt.check(model, row: row) }
        let pictures = prompts.flatMap(\.pictures)
        let side = model.tower.imageSize
        self.model = model
        rows = prompts.map(\.ids)
        plan = try SplicePlan(
            ids: rows, tokensPerImage: model.tower.patchCount, imageCount: pictures.count,
            padding: .left)
        pixels =
            pictures.isEmpty
            ? nil
            : try Tensor(pictures.flatMap { $0 }, shape: [pictures.count, 3, side, side])
                .to(device: model.device)
        cache = usesCache ? KeyValueCache(layers: model.language.layerCount) : nil
    }

    /// Runs the vision tower and the projector; does nothing without pictures or a second time.
    public func encodePictures() throws {
        guard let pixels, features == nil else { return }
        features = try withoutGradients { try model.visionSegments().run(pixels) }
        try model.device.synchronize()
    }

    /// Reads the prompts.
    ///
    /// - Returns: logits of each row's last position.
    public func prefill() throws -> [[Float]] {
        try encodePictures()
        return try run(plan)
    }

    /// Appends one id to every row.
    ///
    /// - Parameter ids: one id for each row; for a row that is complete any id does.
    /// - Returns: logits of each row's last position.
    public func step(_ ids: [Int]) throws -> [[Float]] {
        precondition(ids.count == rows.count, "one id for each row")
        defer { appendedCount += 1 }
        guard let cache else {
            for row in rows.indices { rows[row].append(ids[row]) }
            let longer = try SplicePlan(
                ids: rows, tokensPerImage: model.tower.patchCount,
                imageCount: pixels?.size(0) ?? 0, padding: .left)
            return try run(longer)
        }
        return try withoutGradients {
            let inputs = try Tensor(ids, shape: [ids.count, 1]).to(device: model.device)
            let context = try model.language.context(layout, cache: cache, dropout: nil)
            let hidden = try model.language.segments(context).run(model.language.embed(inputs))
            return try logits(ofLast: hidden)
        }
    }

    /// Where the next single token of every row stands.
    private var layout: SequenceLayout {
        let past = plan.columns + appendedCount
        guard plan.lengths.contains(where: { $0 != plan.columns }) else {
            return .contiguous(from: past, count: 1)
        }
        return SequenceLayout(
            positions: plan.lengths.map { [$0 + appendedCount] },
            keyMask: plan.lengths.map { length in
                Array(repeating: false, count: plan.columns - length)
                    + Array(repeating: true, count: length + appendedCount + 1)
            },
            pastLength: past)
    }

    private func run(_ plan: SplicePlan) throws -> [[Float]] {
        try withoutGradients {
            let embeddings = try model.splice(plan, features: features)
            let context = try model.language.context(plan.layout, cache: cache, dropout: nil)
            return try logits(
                ofLast: model.language.segments(context).run(embeddings))
        }
    }

    private func logits(ofLast hidden: Tensor) throws -> [[Float]] {
        let last = try hidden.narrowed(1, from: hidden.size(1) - 1, length: 1)
        let logits = try model.language.logits(model.language.normalize(last))
        let width = logits.size(-1)
        let values: [Float] = try logits.to(dtype: .float32, device: .cpu).values()
        return (0..<rows.count).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
}
