public import MiphaChat
import MiphaFiles

/// Where each sample of some conversation files stands, and what samplers need to know of it.
///
/// The files are read once from front to back; 24 bytes of each sample stay in memory. Texts are
/// read again from their place when a sample is asked for, by any number of threads at once.
public struct SampleIndex: SampleSource {
    /// What happens to an item that is not a conversation to learn from.
    public enum FaultPolicy: Sendable, Hashable {
        /// The index is not made; the error names the item.
        case refuse
        /// The item is a sample like others, and ``sample(_:)`` throws the error. In a file of JSON
        /// lines a line that is not JSON is one too; an array that is not JSON is refused all the same.
        case keep
    }

    /// A file of the index.
    public struct File: Sendable, Hashable {
        /// What the caller asked for.
        public let source: ConversationSource
        /// The numbers of its samples.
        public let samples: Range<Int>
    }

    struct Entry {
        let offset: UInt64
        let length: UInt32
        let words: UInt32
        let pictures: UInt16
        let file: UInt16
        let isFaulty: Bool
    }

    /// The memory of one sample.
    package static var bytesPerSample: Int { MemoryLayout<Entry>.stride }

    /// The files in order.
    public let files: [File]
    let entries: [Entry]
    private let handles: [RandomAccessFile]
    private let malformed: [Int: JSONPlace]
    private let reader: ConversationReader

    /// The number of samples.
    public var count: Int { entries.count }
    /// The number of samples without images.
    public let textOnlyCount: Int
    /// The keys on no list, which are not read, with the number of samples that set each.
    public let unknownKeys: KeyTally
    /// The number of items kept although they are not conversations to learn from.
    public let faultyCount: Int

    /// Reads conversation files and notes where their samples stand.
    ///
    /// - Parameters:
    ///   - sources: LLaVA JSON arrays or JSON lines.
    ///   - form: what items are read as.
    ///   - faults: what happens to items that are not conversations to learn from.
    ///   - progress: called now and then with the number of samples so far.
    /// - Throws: `ChatError` naming the file and the line and column, or the item and key;
    ///   `DataError` when a file holds no sample.
    public init(
        _ sources: [ConversationSource], form: SampleForm = .conversations,
        faults: FaultPolicy = .refuse,
        progress: (Int) -> Void = { _ in }
    ) throws {
        guard sources.count <= Int(UInt16.max) else {
            throw DataError(
                .invalidOption,
                "conversation files: expected at most \(UInt16.max), found \(sources.count)")
        }
        var builder = SampleIndexBuilder(faults: faults, form: form)
        var handles: [RandomAccessFile] = []
        var files: [File] = []
        for source in sources {
            let first = builder.entries.count
            handles.append(try builder.read(source.file, progress: progress))
            guard builder.entries.count > first else {
                throw DataError.noConversation(in: source.file)
            }
            files.append(File(source: source, samples: first..<builder.entries.count))
        }
        guard !files.isEmpty else {
            throw DataError(.noSamples, "conversation files: expected at least one, found none")
        }
        self.files = files
        self.handles = handles
        reader = ConversationReader(form: form)
        entries = builder.entries
        malformed = builder.malformed
        unknownKeys = builder.unknownKeys
        textOnlyCount = entries.count { $0.pictures == 0 }
        faultyCount = entries.count(where: \.isFaulty)
    }

    /// Reads one sample.
    ///
    /// - Parameter number: of the sample, below ``count``.
    /// - Throws: `ChatError` naming file and item when the item is not a conversation to learn from,
    ///   or the file is not what it was.
    public func sample(_ number: Int) throws(ChatError) -> ConversationSample {
        let entry = entries[number]
        let handle = handles[Int(entry.file)]
        if let place = malformed[number] { throw lineError(number, at: place) }
        do {
            let bytes = try handle.read(
                FilePlace(offset: Int(entry.offset), length: Int(entry.length)))
            var cursor = JSONCursor(bytes, file: handle.path, style: .words)
            return try reader.item(&cursor, item(of: number))
        } catch let error as ChatError {
            throw error
        } catch let error as FileError where error.code != .malformedJSON {
            throw ChatError(.unreadableFile, "\(place(of: number)): \(error.message)")
        } catch {
            throw ChatError(
                .malformedJSON,
                "\(place(of: number)): expected the conversation that was there at the start, "
                    + "found other bytes; do not change a file while it is in use (\(error))")
        }
    }

    /// The largest piece of a line that is read again to report what is wrong with it, in bytes.
    private static let mostOfLine = 1 << 26

    /// What is wrong with a line that is not JSON.
    private func lineError(_ number: Int, at place: JSONPlace) -> ChatError {
        let handle = handles[Int(entries[number].file)]
        let length = min(Int(entries[number].length), Self.mostOfLine)
        do throws(FileError) {
            let bytes = try handle.read(FilePlace(offset: place.byte, length: length))
            var cursor = JSONCursor(
                bytes, file: handle.path, at: place, index: item(of: number), style: .words)
            try cursor.skip()
            return ChatError(
                .malformedJSON,
                "\(self.place(of: number)): expected the line that was there at the start, which was "
                    + "not JSON, found other bytes; do not change a file while it is in use")
        } catch {
            return ChatError(
                error.code == .malformedJSON ? .malformedJSON : .unreadableFile, error.message)
        }
    }

    // MARK: What is known without reading

    /// A line about keys that are not read and may have been meant to be; nil when there are none.
    public var unknownKeyNote: String? {
        guard !unknownKeys.entries.isEmpty else { return nil }
        let names = files.map(\.source.file).joined(separator: ", ")
        return "\(names): keys that are not read: \(unknownKeys.text); docs/data.md lists those "
            + "that are"
    }

    /// The number of words of all turns and answers, as Python's `split` counts them.
    public func wordCount(_ number: Int) -> Int { Int(entries[number].words) }

    /// The number of images; 0 for text only.
    public func pictureCount(_ number: Int) -> Int { Int(entries[number].pictures) }

    /// Whether the item is known not to be a conversation to learn from.
    public func isFaulty(_ number: Int) -> Bool { entries[number].isFaulty }

    /// The file that a sample is from.
    public func file(of number: Int) -> File { files[Int(entries[number].file)] }

    /// The number of a sample in its own file, from 0.
    public func item(of number: Int) -> Int { number - file(of: number).samples.lowerBound }

    /// File and item of a sample, for messages.
    public func place(of number: Int) -> String {
        "\(file(of: number).source.file): item \(item(of: number))"
    }

    /// The path of a sample's image.
    public func imagePath(_ image: String, of number: Int) -> String {
        FileSystem.path(image, from: file(of: number).source.imageFolder)
    }
}
