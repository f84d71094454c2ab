public import MiphaChat
public import MiphaModels
import MiphaNN
import MiphaTorch

/// A batch of prompts from its first picture to the last token of its answers.
///
/// Each distinct picture goes through the vision tower once, and what prompts with the same pictures
/// have in common through the language model once. What lies behind is read for all prompts in
/// one pass without padding, and then every pass appends a token to each open row; a row that is
/// complete leaves the batch. A row's logits do not depend on its neighbours, up to rounding.
///
/// Every method is one synchronous call without gradients; a caller may interleave several sessions.
public final class DecodingSession {
    /// Positions of shared beginnings that are read in one pass, unless one alone has more: as many
    /// as keep the machine busy, so that more would only take memory.
    static let positionsAtOnce = 1024
    /// Patches of pictures that go through the tower in one pass, unless one alone has more.
    static let patchesAtOnce = 4096

    /// The beginning of a group.
    private struct Beginning {
        /// Ids that are read once for the group.
        var count: Int
        /// What was read of them; `nil` while nothing was, or when there are none.
        var sequence: PagedSequence?
        /// Logits behind the last of them.
        var logits: NextLogits?
    }

    /// A prompt whose answer is not complete.
    private struct Row {
        /// Number of the prompt.
        let number: Int
        /// What was read of it and its answer.
        var sequence = PagedSequence()
        /// The last token, which is not read yet.
        var last = 0
    }

    private enum Work {
        /// Run the tower over pictures.
        case encode([Int])
        /// Read beginnings of equal length.
        case read([Int])
    }

    private let model: MiphaModel
    private let prompts: [GenerationPrompt]
    private let plan: PromptGroups
    private let prefixes: PrefixCache?
    /// How many of the largest logits are read; `nil`: all.
    private let keptLogits: Int?
    private var beginnings: [Beginning]
    private var work: [Work] = []
    /// Projected features by picture, until every beginning is read.
    private var features: [Int: Tensor] = [:]
    private let cache: PagedCache
    /// Open rows.
    private var open: [Row]
    /// Whether all prompts are read.
    private var hasRead = false

    /// What was computed so far.
    public private(set) var statistics = BatchStatistics()
    /// Seconds spent so far.
    public private(set) var timings = ChatTimings()

    /// Plans a batch; nothing is computed yet.
    ///
    /// - Parameters:
    ///   - prefixes: beginnings of earlier sessions.
    ///   - sampling: how tokens are chosen, if that is known: a device then gives the logits that the
    ///     choice needs.
    /// - Throws: `InferenceError` for ids or pictures that do not fit; `TensorError`.
    public init(
        _ model: MiphaModel, prompts: [GenerationPrompt], prefixes: PrefixCache? = nil,
        sampling: [SamplingOptions]? = nil
    ) throws {
        guard !prompts.isEmpty else {
            throw InferenceError(.invalidPrompt, "expected at least one prompt, found none")
        }
        for (row, prompt) in prompts.enumerated() { try prompt.check(model, row: row) }
        self.model = model
        self.prompts = prompts
        self.prefixes = prefixes
        keptLogits =
            model.device.isAccelerator
            ? sampling.flatMap {
                NextLogits.needed($0, vocabulary: model.config.language.vocabularySize)
            } : nil
        plan = PromptGroups(prompts)
        open = plan.groups.flatMap { $0.rows.map { Row(number: $0) } }
        cache = PagedCache(layers: model.language.shape.layers, device: model.device)
        beginnings = []
        for group in plan.groups { beginnings.append(try beginning(of: group)) }
        schedule()
    }

    /// Does a part of what comes before the first token, about as long as the reading of one picture.
    ///
    /// - Returns: whether there was anything to do; `advance` does what is left.
    public func prepare() throws -> Bool {
        guard !work.isEmpty else { return false }
        switch work.removeFirst() {
        case .encode(let pictures):
            try timed(&timings.vision) { try encode(pictures) }
        case .read(let groups):
            try timed(&timings.prefill) { try read(groups) }
        }
        if work.isEmpty { features = [:] }
        return true
    }

    /// Appends the last token of each open row and asks for the next.
    ///
    /// - Parameter choose: gets the number of a prompt and the logits behind its last token; gives
    ///   the next token, or `nil` when the row is complete.
    /// - Returns: whether any row is open.
    public func advance(_ choose: (Int, [Float]) throws -> Int?) throws -> Bool {
        try advance(choosing: { row, logits in try choose(row, logits.all()) })
    }

    /// The same with the logits that the options of the session need.
    package func advance(choosing choose: (Int, NextLogits) throws -> Int?) throws -> Bool {
        guard !open.isEmpty else { return false }
        while try prepare() {}
        let logits =
            hasRead
            ? try timed(&timings.decode) { try step() }
            : try timed(&timings.prefill) { try readRest() }
        var kept: [Row] = []
        for (row, logits) in zip(open, logits) {
            guard let id = try choose(row.number, logits) else { continue }
            var row = row
            row.last = id
            kept.append(row)
        }
        open = kept
        return !open.isEmpty
    }
}

// MARK: Planning

extension DecodingSession {
    /// What of a group is read once, and what of that is there already.
    private func beginning(of group: PromptGroups.Group) throws -> Beginning {
        let rows = group.rows.map { prompts[$0] }
        let shortest = rows.map(\.ids.count).min() ?? 0
        if let prefixes {
            // Something must be left to read, because the logits come from there.
            let count = min(rows.map { prefixes.commonCount($0) }.min() ?? 0, shortest - 1)
            if count > 0, count >= group.sharedCount {
                let length = rows[0].length(count, tokensPerImage: model.config.tokensPerImage)
                statistics.positionsReused += length * rows.count
                return Beginning(count: count, sequence: prefixes.sequence(length))
            }
        }
        let count = rows.dropFirst().reduce(shortest) { min($0, rows[0].ids.commonCount($1.ids)) }
        let length = rows[0].length(count, tokensPerImage: model.config.tokensPerImage)
        statistics.positionsReused += length * (rows.count - 1)
        return Beginning(count: count)
    }

    /// Lists what has to be computed before the first token.
    private func schedule() {
        let fresh = beginnings.indices.filter {
            beginnings[$0].sequence == nil && beginnings[$0].count > 0
        }
        var pictures: [Int] = []
        for group in fresh {
            for number in plan.imageNumbers[plan.groups[group].rows[0]]
            where !pictures.contains(number) {
                pictures.append(number)
            }
        }
        let atOnce = max(1, Self.patchesAtOnce / model.tower.grid.count)
        for start in stride(from: 0, to: pictures.count, by: atOnce) {
            work.append(.encode(Array(pictures[start..<min(start + atOnce, pictures.count)])))
        }
        var batch: [Int] = []
        for group in fresh {
            let length = length(of: group)
            if let first = batch.first,
                length != self.length(of: first)
                    || length * (batch.count + 1) > Self.positionsAtOnce
            {
                work.append(.read(batch))
                batch = []
            }
            batch.append(group)
        }
        if !batch.isEmpty { work.append(.read(batch)) }
    }

    /// Positions of a group's beginning.
    private func length(of group: Int) -> Int {
        prompts[plan.groups[group].rows[0]]
            .length(beginnings[group].count, tokensPerImage: model.config.tokensPerImage)
    }
}

// MARK: Computing

extension DecodingSession {
    private func encode(_ numbers: [Int]) throws {
        let images = numbers.map { plan.images[$0] }
        try withoutGradients {
            guard let pixels = try images.tensor(on: model.device) else { return }
            let all = try model.visionSegments().run(pixels)
            for (place, number) in numbers.enumerated() {
                features[number] = try all.narrowed(0, from: place, length: 1)
            }
        }
        try model.device.synchronize()
        statistics.picturesEncoded += numbers.count
    }

    /// Reads the beginnings of some groups, all of one length.
    private func read(_ groups: [Int]) throws {
        let firsts = groups.map { plan.groups[$0].rows[0] }
        let ids = zip(groups, firsts).map { group, row in
            Array(prompts[row].ids[..<beginnings[group].count])
        }
        let pictures = firsts.flatMap { plan.imageNumbers[$0] }.compactMap { features[$0] }
        let splice = try SplicePlan(
            ids: ids, tokensPerImage: model.config.tokensPerImage, imageCount: pictures.count)
        let sequences = groups.map { _ in PagedSequence(bound: splice.columns) }
        let pass = try cache.pass(
            sequences, counts: groups.map { _ in splice.columns })
        let logits = try withoutGradients {
            let embeddings = try model.splice(
                splice,
                features: pictures.isEmpty ? nil : .concatenating(pictures, along: 0))
            return try self.logits(embeddings.reshaped([1, pass.tokenCount, -1]), pass)
        }
        for (place, group) in groups.enumerated() {
            beginnings[group].sequence = sequences[place]
            beginnings[group].logits = logits[place]
            prefixes?.store(
                sequences[place], of: prompts[firsts[place]], count: beginnings[group].count)
        }
        statistics.positionsComputed += splice.columns * groups.count
    }

    /// Reads what lies behind the beginnings.
    ///
    /// - Returns: logits behind the last id of each row.
    private func readRest() throws -> [NextLogits] {
        var (rest, known): ([[Int]], [NextLogits?]) = ([], [])
        for (group, beginning) in zip(plan.groups, beginnings) {
            for row in group.rows {
                if let sequence = beginning.sequence {
                    open[rest.count].sequence = sequence.fork()
                }
                rest.append(Array(prompts[row].ids[beginning.count...]))
                known.append(beginning.logits)
            }
        }
        // The rows hold the pages of the beginnings now.
        beginnings = []
        hasRead = true
        let logits = try zip(append(rest), known).compactMap { $0 ?? $1 }
        if let prefixes, prompts.count == 1 {
            // The next turn of a conversation goes on from here.
            prefixes.store(open[0].sequence.fork(), of: prompts[0], count: prompts[0].ids.count)
        }
        return logits
    }

    /// Appends the last token of every row.
    private func step() throws -> [NextLogits] {
        try append(open.map { [$0.last] }).compactMap { $0 }
    }

    /// Runs the language model over more ids of the open rows; gives the logits of rows with ids.
    private func append(_ ids: [[Int]]) throws -> [NextLogits?] {
        let all = ids.flatMap { $0 }
        guard !all.isEmpty else { return ids.map { _ in nil } }
        statistics.positionsComputed += all.count
        let pass = try cache.pass(open.map(\.sequence), counts: ids.map(\.count))
        let values = try withoutGradients {
            let inputs = try Tensor(all, shape: [1, all.count]).uploaded(to: model.device)
            return try logits(model.language.enter(model.language.embed(inputs)), pass)
        }
        var next = 0
        return pass.lastPlaces.map { place in
            guard place != nil else { return nil }
            defer { next += 1 }
            return values[next]
        }
    }

    /// Logits behind the last token of each row of a pass that has tokens.
    ///
    /// - Parameter embeddings: `[1, tokens, width]`.
    private func logits(_ embeddings: Tensor, _ pass: PagedPass) throws -> [NextLogits] {
        let (language, last) = (model.language, pass.lastPlaces.compactMap { $0 })
        var hidden = try language.segments(pass).run(embeddings)
            .reshaped([pass.tokenCount, -1])
        if last.count < pass.tokenCount {
            hidden = try hidden.selecting(Tensor(last).uploaded(to: model.device))
        }
        let logits = try language.head.logits(language.head.normalize(hidden))
        return try NextLogits.rows(of: logits, keeping: keptLogits)
    }
}
