/// The content of a zip entry as a source: inflated piece by piece, size and CRC-32 checked.
///
/// The last bytes are returned only after the checks. A failure is final.
public final class ZipEntrySource: ByteSource {
    private static let pieceSize = 1 << 18
    /// A deflate stream of n bytes never gives more than this many times n (258 bytes for 2 bits).
    private static let largestRatio = 1032

    private let entry: ZipEntry
    private let file: RandomAccessFile
    private let inflater: Inflater?
    private var inputPlace: FilePlace
    private var input: ArraySlice<UInt8> = []
    private var produced = 0
    private var crc: UInt32 = 0
    private var isFinished = false
    private var failure: FileError?

    init(_ entry: ZipEntry, in file: RandomAccessFile) throws(FileError) {
        self.entry = entry
        self.file = file
        inputPlace = try Self.place(of: entry, in: file)
        guard entry.method == .deflated else {
            inflater = nil
            return
        }
        guard let inflater = Inflater() else {
            throw FileError(.system, "\(file.path): out of memory")
        }
        self.inflater = inflater
    }

    private static func failure(
        _ code: FileError.Code, _ message: String, _ entry: ZipEntry, _ file: RandomAccessFile
    ) -> FileError {
        FileError(code, "\(file.path): entry \(entry.name.quoted) \(message)")
    }

    private func malformed(_ message: String) -> FileError {
        Self.failure(.malformedFile, message, entry, file)
    }

    /// Where the entry's bytes lie, after a check of its own header.
    static func place(
        of entry: ZipEntry, in file: RandomAccessFile
    ) throws(FileError) -> FilePlace {
        func malformed(_ message: String) -> FileError {
            failure(.malformedFile, message, entry, file)
        }
        guard !entry.isFolder else {
            throw failure(.invalidRequest, "is a folder", entry, file)
        }
        guard !entry.isEncrypted else {
            throw malformed("is encrypted, which is not read")
        }
        if case .unknown = entry.method {
            throw malformed(
                "is compressed by \(entry.method.summary); only stored and deflate are read")
        }
        let header = try file.read(FilePlace(offset: entry.headerOffset, length: 30))
        guard header.integer32(at: 0) == 0x0403_4B50, let flags = header.integer16(at: 6),
            let method = header.integer16(at: 8), let name = header.integer16(at: 26),
            let extra = header.integer16(at: 28)
        else {
            throw malformed("has no header at byte \(entry.headerOffset)")
        }
        guard flags & 0x41 == 0, method == entry.method.number else {
            throw malformed("has a header that contradicts the list of entries")
        }
        if entry.method == .stored {
            guard entry.size == entry.compressedSize else {
                throw malformed(
                    "is stored in \(entry.compressedSize) bytes and declares \(entry.size)")
            }
        } else {
            guard entry.size / largestRatio <= entry.compressedSize else {
                throw malformed(
                    "declares \(entry.size) bytes, which \(entry.compressedSize) bytes of deflate "
                        + "cannot hold")
            }
        }
        let place = FilePlace(
            offset: entry.headerOffset + 30 + name + extra, length: entry.compressedSize)
        _ = try file.end(of: place)
        return place
    }

    /// Reads the next bytes.
    ///
    /// - Throws: `FileError` when the content is damaged or the system cannot read.
    public func read(upTo count: Int) throws(FileError) -> [UInt8] {
        if let failure { throw failure }
        let wanted = min(max(count, 0), entry.size - produced)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            do throws(FileError) {
                // Small parts, so that the checksum finds them in the cache; with nothing left
                // `fill` still checks that an empty entry ends as it should.
                repeat {
                    let part = unsafe UnsafeMutableBufferPointer(
                        start: buffer.baseAddress?.advanced(by: count),
                        count: min(wanted - count, Self.pieceSize))
                    try unsafe fill(part)
                    count += part.count
                } while count < wanted
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    func readWhole(limit: Int) throws(FileError) -> [UInt8] {
        guard entry.size <= limit else {
            throw Self.failure(
                .system, "of \(entry.size) bytes is larger than the limit of \(limit)", entry,
                file)
        }
        return try read(upTo: entry.size)
    }

    private func fill(_ output: UnsafeMutableBufferPointer<UInt8>) throws(FileError) {
        if entry.method == .stored {
            try unsafe file.fill(output, at: inputPlace.offset + produced)
        } else {
            try unsafe inflate(output)
        }
        crc = unsafe Deflate.crc32(crc, UnsafeBufferPointer(output))
        produced += output.count
        if produced == entry.size, !isFinished { try finish() }
    }

    private func inflate(_ output: UnsafeMutableBufferPointer<UInt8>) throws(FileError) {
        var count = 0
        while count < output.count {
            let rest = unsafe UnsafeMutableBufferPointer(rebasing: output[count...])
            let step = try unsafe step(into: rest)
            count += step.written
            guard !step.isAtEnd || count == output.count else {
                throw malformed("ends after \(produced + count) of \(entry.size) bytes")
            }
        }
    }

    /// One step of inflating; input is fetched as needed.
    private func step(
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(FileError) -> Inflater.Step {
        if input.isEmpty, inputPlace.length > 0 {
            let length = min(inputPlace.length, Self.pieceSize)
            input = try file.read(FilePlace(offset: inputPlace.offset, length: length))[...]
            inputPlace = FilePlace(
                offset: inputPlace.offset + length, length: inputPlace.length - length)
        }
        let hadInput = !input.isEmpty
        guard let step = unsafe inflater?.run(input, into: output) else {
            throw malformed("is not a valid deflate stream")
        }
        input = input.dropFirst(step.consumed)
        guard step.isAtEnd || step.written > 0 || hadInput else {
            throw malformed("is cut off: its \(entry.compressedSize) bytes do not end the stream")
        }
        return step
    }

    private func finish() throws(FileError) {
        if entry.method == .deflated { try expectEnd() }
        guard crc == entry.crc32 else {
            let found = String(crc, radix: 16)
            let expected = String(entry.crc32, radix: 16)
            throw malformed("is damaged: its CRC-32 is \(found), expected \(expected)")
        }
        isFinished = true
    }

    /// Checks that the stream ends where the declared size does.
    private func expectEnd() throws(FileError) {
        var isAtEnd = false
        while !isAtEnd {
            var failure: FileError?
            let extra = unsafe [UInt8](unsafeUninitializedCapacity: 1) { buffer, count in
                do throws(FileError) {
                    let step = try unsafe step(
                        into: UnsafeMutableBufferPointer(start: buffer.baseAddress, count: 1))
                    count = step.written
                    isAtEnd = step.isAtEnd
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            guard extra.isEmpty else {
                throw malformed("is larger than the \(entry.size) bytes it declares")
            }
        }
    }
}
