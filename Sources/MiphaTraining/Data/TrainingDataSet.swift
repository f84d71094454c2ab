public import MiphaChat
public import MiphaImaging

/// One sample ready for a batch.
public struct TrainingSample: Sendable, Equatable {
    /// Ids with picture markers.
    public let ids: [Int]
    /// Labels, one per id.
    public let labels: [Int]
    /// Pixels of each picture, `[3, height, width]` in row-major order.
    public let pixels: [[Float]]
}

/// Conversations and their pictures, read and encoded on demand.
public struct TrainingDataSet: Sendable {
    /// The conversations of all files, in order.
    public private(set) var conversations: [ConversationSample]
    private let fileSizes: [(file: String, count: Int)]
    /// Places of the conversations in the files, when they are a part of them.
    private var places: [Int]?
    let imageFolder: String
    let encoder: ConversationEncoder
    let processor: ImageProcessor?
    let aspectRatio: ImageAspectRatio

    /// Reads conversation files.
    ///
    /// - Parameters:
    ///   - files: LLaVA JSON arrays or JSON lines.
    ///   - processor: how pictures become pixels; `nil` for a run without pictures.
    /// - Throws: `ChatError` naming file, item and key; `TrainingError` when there is no sample.
    public init(
        files: [String], imageFolder: String, encoder: ConversationEncoder,
        processor: ImageProcessor?, aspectRatio: ImageAspectRatio
    ) throws {
        let reader = ConversationReader()
        let parts = try files.map { (file: $0, samples: try reader.read(file: $0)) }
        conversations = parts.flatMap(\.samples)
        fileSizes = parts.map { ($0.file, $0.samples.count) }
        guard !conversations.isEmpty else {
            throw TrainingError(.invalidRun, "no samples in \(files.joined(separator: ", "))")
        }
        if processor == nil, let pictured = conversations.first(where: { !$0.images.isEmpty }) {
            throw TrainingError(
                .invalidRun,
                "sample \(pictured.id ?? "without id") has a picture, but this run takes none")
        }
        self.imageFolder = imageFolder
        self.encoder = encoder
        self.processor = processor
        self.aspectRatio = aspectRatio
    }

    /// Id that fills up rows in the reference: the tokenizer's, else the end of text.
    var padID: Int? { encoder.tokenizer.padID ?? encoder.tokenizer.endOfTextID }

    /// Refuses a preprocessor whose pictures do not fit the tower.
    func requirePictures(side: Int, model: String) throws {
        guard let processor else { return }
        let found = (processor.outputWidth, processor.outputHeight)
        guard found == (side, side) else {
            throw TrainingError(
                .invalidRun,
                "\(model)/preprocessor_config.json: expected pictures of \(side) x \(side) pixels "
                    + "as in config.json, found \(found.0) x \(found.1)")
        }
    }

    /// Encodes the conversation and decodes the pictures of one sample.
    ///
    /// A marker cut off at the maximum length takes its picture with it.
    public func sample(_ index: Int) throws -> TrainingSample {
        let conversation = conversations[index]
        let encoded: EncodedSample
        do {
            encoded = try encoder.encode(conversation)
        } catch {
            throw ChatError(error.code, "\(place(of: index)): \(error.message)")
        }
        guard encoded.imageCount <= conversation.images.count else {
            throw ChatError(
                .imageMarkers,
                "\(place(of: index)): expected \(encoded.imageCount) pictures for its <image> "
                    + "markers, found \(conversation.images.count)")
        }
        let pixels = try conversation.images.prefix(encoded.imageCount).map { name in
            guard let processor else { return [Float]() }
            let image = try RGBImage(contentsOf: path(of: name))
            return try processor.pixelValues(image, aspectRatio: aspectRatio)
        }
        return TrainingSample(ids: encoded.ids, labels: encoded.labels, pixels: pixels)
    }

    /// The samples at the given places, in that order.
    func part(_ places: [Int]) -> TrainingDataSet {
        var part = self
        part.conversations = places.map { conversations[$0] }
        part.places = places
        return part
    }

    /// Holds a share of the samples out, chosen by the seed; both parts keep the order.
    ///
    /// - Throws: `TrainingError` when one of the parts would be empty.
    func split(
        holdingOut share: Double, seed: UInt64
    ) throws -> (training: TrainingDataSet, validation: TrainingDataSet) {
        let count = conversations.count
        let held = Int((share * Double(count)).rounded())
        guard held > 0, held < count else {
            throw TrainingError(
                .invalidRun,
                "validation_split: \(share) of \(count) samples holds \(held) out; expected at "
                    + "least one on each side")
        }
        var generator = SeededGenerator(seed: seed &+ 0x5641_4C49_4441_5445)
        let order = generator.permutation(count)
        return (part(order[held...].sorted()), part(order[..<held].sorted()))
    }

    /// The id of a sample, or else its file and item.
    func name(of index: Int) -> String { conversations[index].id ?? place(of: index) }

    /// File and item of a sample, for messages.
    private func place(of index: Int) -> String {
        var item = places?[index] ?? index
        for (file, count) in fileSizes {
            if item < count { return "\(file): item \(item)" }
            item -= count
        }
        return "item \(index)"
    }

    private func path(of image: String) -> String {
        imageFolder.isEmpty || image.hasPrefix("/") ? image : "\(imageFolder)/\(image)"
    }
}
