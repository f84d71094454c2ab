public import MiphaChat
public import MiphaImaging

/// Conversations and their pictures, read and encoded on demand by any number of threads.
public struct TrainingDataSet: Sendable {
    /// The conversations.
    public let source: any SampleSource
    /// What turns them into ids and labels.
    public let encoder: ConversationEncoder
    /// How pictures become pixels; `nil` for a run without pictures.
    public let processor: ImageProcessor?
    /// What to do with pictures that are not square.
    public let aspectRatio: ImageAspectRatio

    /// The number of samples.
    public var count: Int { source.count }

    /// Id that fills up rows in the reference: the tokenizer's, else the end of text.
    public var padID: Int? { encoder.tokenizer.padID ?? encoder.tokenizer.endOfTextID }

    /// Puts samples together with what prepares them.
    ///
    /// - Parameter processor: how pictures become pixels; `nil` for a run without pictures.
    public init(
        _ source: any SampleSource, encoder: ConversationEncoder, processor: ImageProcessor?,
        aspectRatio: ImageAspectRatio
    ) {
        self.source = source
        self.encoder = encoder
        self.processor = processor
        self.aspectRatio = aspectRatio
    }

    /// The samples of some numbers, in that order, prepared in the same way.
    public func part(_ numbers: [Int]) -> TrainingDataSet {
        TrainingDataSet(
            SampleSubset(source, numbers: numbers), encoder: encoder, processor: processor,
            aspectRatio: aspectRatio)
    }

    /// The id of a sample, or else its file and item.
    public func name(of number: Int) -> String {
        (try? source.sample(number))?.id ?? source.place(of: number)
    }

    /// Encodes the conversation and decodes the pictures of one sample.
    ///
    /// A marker cut off at the maximum length takes its picture with it.
    ///
    /// - Throws: `ChatError` naming file and item; `ImagingError` naming the picture; `DataError` for
    ///   a picture in a run without pictures.
    public func sample(_ number: Int) throws -> TrainingSample {
        let conversation = try source.sample(number)
        return try prepare(conversation, number) { path, processor in
            try pixels(path, processor)
        }
    }

    /// A sample prepared under a policy.
    struct Prepared: Sendable {
        var sample: TrainingSample?
        var bad: BadSample?
    }

    /// Prepares a sample as a policy wants it.
    ///
    /// - Parameter conversation: the sample, or why it could not be read.
    /// - Throws: under the policy ``BadSamplePolicy/fail`` what ``sample(_:)`` throws; under all of
    ///   them when memory runs out.
    func prepare(
        _ conversation: Result<ConversationSample, any Error>, _ number: Int, microBatch: Int,
        policy: BadSamplePolicy
    ) throws -> Prepared {
        var reasons: [String] = []
        func record(_ action: BadSample.Action) -> BadSample {
            BadSample(
                microBatch: microBatch, sample: number, id: (try? conversation.get())?.id,
                place: source.place(of: number), action: action, reasons: reasons)
        }
        do {
            let sample = try prepare(conversation.get(), number) { path, processor in
                do throws(ImagingError) {
                    return try pixels(path, processor)
                } catch {
                    guard policy == .blank, error.code != .memory else { throw error }
                    reasons.append(error.message)
                    return try blank(processor)
                }
            }
            return Prepared(sample: sample, bad: reasons.isEmpty ? nil : record(.blanked))
        } catch {
            let isMemory = (error as? ImagingError)?.code == .memory
            guard policy != .fail, !isMemory else { throw error }
            reasons = ["\(error)"]
            return Prepared(sample: nil, bad: record(.skipped))
        }
    }

    /// An upper bound of what a sample takes when it is prepared, in bytes.
    func byteLimit(of conversation: ConversationSample) -> Int {
        // A token has at least a byte of text; a turn's template at most some hundred.
        let text = conversation.turns.reduce(1024) { $0 + $1.text.utf8.count + 256 }
        let rows =
            conversation.answers.map {
                [$0.chosen, $0.rejected].map { text + $0.utf8.count + 256 }
            }
            ?? [text]
        let tokens = rows.reduce(0) { $0 + min($1, encoder.options.maximumLength ?? $1) }
        let area = processor.map { $0.outputWidth * $0.outputHeight } ?? 0
        return tokens * 2 * MemoryLayout<Int>.size
            + conversation.images.count * 3 * area * MemoryLayout<Float>.size
    }

    private func prepare(
        _ conversation: ConversationSample, _ number: Int,
        _ pixels: (String, ImageProcessor) throws -> [Float]
    ) throws -> TrainingSample {
        let encoded: [EncodedSample]
        do throws(ChatError) {
            encoded = try encode(conversation)
        } catch {
            throw ChatError(error.code, "\(source.place(of: number)): \(error.message)")
        }
        // The pictures of a pair belong to the question, which both rows begin with.
        let imageCount = encoded[0].imageCount
        guard imageCount <= conversation.images.count else {
            throw ChatError(
                .imageMarkers,
                "\(source.place(of: number)): expected \(imageCount) pictures for its "
                    + "<image> markers, found \(conversation.images.count)")
        }
        let pictures = try conversation.images.prefix(imageCount).map { image in
            guard let processor else {
                throw DataError(
                    .invalidRequest,
                    "sample \(conversation.id ?? "without id") has a picture, but this run takes "
                        + "none")
            }
            do {
                return try pixels(source.imagePath(image, of: number), processor)
            } catch let error as ImagingError {
                throw ImagingError(
                    error.code, "\(error.message); a picture of \(source.place(of: number))")
            }
        }
        let rows = encoded.map { TrainingSample.Row(ids: $0.ids, labels: $0.labels) }
        return rows.count == 2
            ? TrainingSample(chosen: rows[0], rejected: rows[1], pixels: pictures)
            : TrainingSample(ids: rows[0].ids, labels: rows[0].labels, pixels: pictures)
    }

    /// The encoded rows of a sample, without its pictures.
    package func rows(_ number: Int) throws -> [EncodedSample] {
        try encode(source.sample(number))
    }

    /// One row, or two for a pair of answers.
    private func encode(
        _ conversation: ConversationSample
    ) throws(ChatError) -> [EncodedSample] {
        guard conversation.answers != nil else { return [try encoder.encode(conversation)] }
        let pair = try encoder.encodePair(conversation)
        return [pair.chosen, pair.rejected]
    }

    private func pixels(
        _ path: String, _ processor: ImageProcessor
    ) throws(ImagingError) -> [Float] {
        try processor.pixelValues(contentsOf: path, aspectRatio: aspectRatio)
    }

    /// A picture of the colour that padding has.
    private func blank(_ processor: ImageProcessor) throws(ImagingError) -> [Float] {
        let (red, green, blue) = processor.padColour
        var colours: [UInt8] = []
        let area = processor.outputWidth * processor.outputHeight
        colours.reserveCapacity(3 * area)
        for _ in 0..<area { colours += [red, green, blue] }
        let image = try RGBImage(
            width: processor.outputWidth, height: processor.outputHeight, pixels: colours)
        return try processor.pixelValues(image, aspectRatio: .square)
    }
}
