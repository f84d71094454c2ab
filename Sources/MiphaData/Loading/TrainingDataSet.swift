public import MiphaChat
public import MiphaImaging

/// Conversations and their images, read and encoded on demand by any number of threads.
public struct TrainingDataSet: Sendable {
    /// The conversations.
    public let source: any SampleSource
    /// What turns them into ids and labels.
    public let encoder: ConversationEncoder
    /// What prepares images; `nil` for a run without images.
    public let preparer: ImagePreparer?
    /// Finds the features of images that need not be decoded.
    private let features: FeatureLookup?

    /// The number of samples.
    public var count: Int { source.count }

    /// Id that fills up rows in the reference: the tokenizer's, else the end of text.
    public var padID: Int? { encoder.tokenizer.padID ?? encoder.tokenizer.endOfTextID }

    /// Puts samples together with what prepares them.
    ///
    /// - Parameters:
    ///   - processor: how images become pixels; `nil` for a run without images.
    ///   - aspectRatio: what to do with images that are not square.
    public init(
        _ source: any SampleSource, encoder: ConversationEncoder, processor: ImageProcessor?,
        aspectRatio: ImageAspectRatio
    ) {
        self.init(
            source, encoder: encoder,
            preparer: processor.map { ImagePreparer($0, aspectRatio: aspectRatio) })
    }

    /// Puts samples together with what prepares them.
    ///
    /// - Parameter preparer: what prepares images; `nil` for a run without images.
    public init(
        _ source: any SampleSource, encoder: ConversationEncoder, preparer: ImagePreparer?
    ) {
        self.init(source, encoder, preparer, nil)
    }

    private init(
        _ source: any SampleSource, _ encoder: ConversationEncoder, _ preparer: ImagePreparer?,
        _ features: FeatureLookup?
    ) {
        self.source = source
        self.encoder = encoder
        self.preparer = preparer
        self.features = features
    }

    /// The same samples, whose images are decoded only where they have no features.
    package func asking(_ features: FeatureLookup?) -> TrainingDataSet {
        TrainingDataSet(source, encoder, preparer, features)
    }

    /// The samples of some numbers, in that order, prepared in the same way.
    public func part(_ numbers: [Int]) -> TrainingDataSet {
        TrainingDataSet(SampleSubset(source, numbers: numbers), encoder, preparer, features)
    }

    /// The id of a sample, or else its file and item.
    public func name(of number: Int) -> String {
        (try? source.sample(number))?.id ?? source.place(of: number)
    }

    /// Encodes the conversation and prepares the images of one sample.
    ///
    /// A marker cut off at the maximum length takes its image with it.
    ///
    /// - Throws: `ChatError` naming file and item; `ImagingError` naming the image; `DataError` for
    ///   an image in a run without images.
    public func sample(_ number: Int) throws -> TrainingSample {
        let conversation = try source.sample(number)
        return try prepare(conversation, number, image)
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
            let sample = try prepare(conversation.get(), number) { path, preparer in
                do throws(ImagingError) {
                    return try image(path, preparer)
                } catch {
                    guard policy == .blank, error.code != .memory else { throw error }
                    reasons.append(error.message)
                    return SampleImage(try preparer.meanColour())
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
        let image = max(
            (preparer?.valueCount ?? 0) * MemoryLayout<Float>.size, features?.byteCount ?? 0)
        return tokens * 2 * MemoryLayout<Int>.size + conversation.images.count * image
    }

    private func prepare(
        _ conversation: ConversationSample, _ number: Int,
        _ prepared: (String, ImagePreparer) throws -> SampleImage
    ) throws -> TrainingSample {
        let encoded: [EncodedSample]
        do throws(ChatError) {
            encoded = try encode(conversation)
        } catch {
            throw ChatError(error.code, "\(source.place(of: number)): \(error.message)")
        }
        // The images of a pair belong to the question, which both rows begin with.
        let imageCount = encoded[0].imageCount
        guard imageCount <= conversation.images.count else {
            throw ChatError(
                .imageMarkers,
                "\(source.place(of: number)): expected \(imageCount) images for its "
                    + "<image> markers, found \(conversation.images.count)")
        }
        let images = try conversation.images.prefix(imageCount).map { image in
            guard let preparer else {
                throw DataError(
                    .invalidRequest,
                    "sample \(conversation.id ?? "without id") has an image, but this run takes "
                        + "none")
            }
            do {
                return try prepared(source.imagePath(image, of: number), preparer)
            } catch let error as ImagingError {
                throw ImagingError(
                    error.code, "\(error.message); an image of \(source.place(of: number))")
            }
        }
        let rows = encoded.map { TrainingSample.Row(ids: $0.ids, labels: $0.labels) }
        return rows.count == 2
            ? TrainingSample(chosen: rows[0], rejected: rows[1], images: images)
            : TrainingSample(ids: rows[0].ids, labels: rows[0].labels, images: images)
    }

    /// The encoded rows of a sample, without its images.
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

    /// The image of a file, which is decoded unless its features are found.
    private func image(
        _ path: String, _ preparer: ImagePreparer
    ) throws(ImagingError) -> SampleImage {
        let file = try preparer.file(path)
        guard let features else { return SampleImage(try preparer.image(file)) }
        return try features.image(file, preparer)
    }
}
