import MiphaChat
import MiphaFiles

/// Walks over conversation files and collects the entries of an index.
struct SampleIndexBuilder {
    let faults: SampleIndex.FaultPolicy
    private(set) var entries: [SampleIndex.Entry] = []
    /// Where lines stand that are not JSON, by the number of their entry.
    private(set) var malformed: [Int: JSONPlace] = [:]
    /// The keys on no list that samples set.
    private(set) var unknownKeys = KeyTally()
    private var fileCount = 0
    private let reader: ConversationReader

    init(faults: SampleIndex.FaultPolicy, form: SampleForm) {
        self.faults = faults
        reader = ConversationReader(checksTurnOrder: false, form: form)
    }

    /// Adds the samples of a file and leaves it open.
    mutating func read(_ path: String, progress: (Int) -> Void) throws -> RandomAccessFile {
        do {
            let handle = try RandomAccessFile(path: path)
            let items = try JSONElements(contentsOf: path, shape: .automatic(), style: .words)
            let first = entries.count
            while let entry = try next(items, first: first) {
                guard Int(entry.offset) + Int(entry.length) <= handle.size else {
                    throw ChatError(
                        .unreadableFile,
                        "\(path): expected \(handle.size) bytes as at the start, found more; "
                            + "do not change a file while it is in use")
                }
                entries.append(entry)
                if entries.count.isMultiple(of: 4096) { progress(entries.count) }
            }
            progress(entries.count)
            fileCount += 1
            return handle
        } catch let error as FileError {
            throw ChatError(
                error.code == .malformedJSON ? .malformedJSON : .unreadableFile, error.message)
        }
    }

    /// The entry of the next value; with faults kept, of the next line that is none too.
    private mutating func next(_ items: JSONElements, first: Int) throws -> SampleIndex.Entry? {
        let item = entries.count - first
        guard faults == .keep else {
            guard let cursor = try items.next() else { return nil }
            return try entry(cursor, item: item)
        }
        switch try items.nextOrMalformed() {
        case nil: return nil
        case .value(let cursor): return try entry(cursor, item: item)
        case .malformed(let line):
            malformed[entries.count] = line.place
            return SampleIndex.Entry(
                offset: UInt64(line.place.byte), length: UInt32(clamping: line.length), words: 0,
                pictures: 0, file: UInt16(fileCount), isFaulty: true)
        }
    }

    private mutating func entry(
        _ start: JSONCursor, item: Int
    ) throws -> SampleIndex.Entry {
        var cursor = start
        var unknown: [String] = []
        var words = 0
        var pictures = 0
        var isFaulty = false
        do {
            let sample = try reader.item(&cursor, item, &unknown)
            try cursor.finish()
            words = sample.texts.reduce(0) { $0 + WordCount.words(in: $1) }
            pictures = sample.images.count
            try check(sample, "\(start.file): item \(item)")
            unknownKeys.add(unknown)
        } catch let error as ChatError {
            // What is not JSON at all is reported by line and column, and kept as a line only.
            cursor = start
            try cursor.skip()
            guard faults == .keep else { throw error }
            isFaulty = true
        }
        return SampleIndex.Entry(
            offset: UInt64(start.place.byte), length: UInt32(cursor.position - start.position),
            words: UInt32(words), pictures: UInt16(clamping: pictures), file: UInt16(fileCount),
            isFaulty: isFaulty)
    }

    private func check(_ sample: ConversationSample, _ place: String) throws(ChatError) {
        do throws(ChatError) {
            try sample.checkTurnOrder()
        } catch {
            throw ChatError(error.code, "\(place): \(error.message)")
        }
        guard sample.images.count <= Int(UInt16.max) else {
            throw ChatError(
                .malformedItem,
                "\(place): key \"image\": expected at most \(UInt16.max) images, found "
                    + "\(sample.images.count)")
        }
    }
}

extension ConversationSample {
    /// The texts of all turns and answers.
    fileprivate var texts: [String] {
        turns.map(\.text) + (answers.map { [$0.chosen, $0.rejected] } ?? [])
    }
}
