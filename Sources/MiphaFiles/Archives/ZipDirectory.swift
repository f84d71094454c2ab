/// The reader of an archive's central directory.
struct ZipDirectory {
    private struct End {
        var position: Int
        var count: Int
        var size: Int
        var offset: Int
    }

    private static let endSize = 22
    private static let locatorSize = 20
    private static let recordSize = 46

    private let file: RandomAccessFile

    init(_ file: RandomAccessFile) {
        self.file = file
    }

    private func malformed(_ message: String) -> FileError {
        FileError(.malformedFile, "\(file.path): \(message)")
    }

    func entries() throws(FileError) -> [ZipEntry] {
        let end = try end()
        // Bytes in front of the archive move all positions by the same distance.
        let (directory, overflow) = end.position.subtractingReportingOverflow(end.size)
        guard !overflow, directory >= 0, end.offset <= directory else {
            throw malformed(
                "the list of entries, \(end.size) bytes at \(end.offset), does not lie before "
                    + "its end at byte \(end.position)")
        }
        guard end.count <= end.size / Self.recordSize else {
            throw malformed("\(end.count) entries cannot be listed in \(end.size) bytes")
        }
        let bytes = try file.read(FilePlace(offset: directory, length: end.size))
        var entries: [ZipEntry] = []
        entries.reserveCapacity(end.count)
        var position = 0
        for _ in 0..<end.count {
            let entry = try entry(
                in: bytes, at: &position, number: entries.count + 1,
                shift: directory - end.offset, limit: directory)
            if let entry { entries.append(entry) }
        }
        return entries
    }

    // MARK: The end of the archive

    /// Finds the record at the archive's end; a comment of up to 65,535 bytes may follow it.
    private func end() throws(FileError) -> End {
        let length = min(file.size, Self.endSize + Int(UInt16.max))
        let start = file.size - length
        let tail = try file.read(FilePlace(offset: start, length: length))
        var loose: Int?
        var position = length - Self.endSize
        while position >= 0 {
            if tail.integer32(at: position) == 0x0605_4B50,
                let comment = tail.integer16(at: position + 20)
            {
                let rest = length - position - Self.endSize
                if comment == rest { return try end(in: tail, at: position, start: start) }
                if comment < rest, loose == nil { loose = position }
            }
            position -= 1
        }
        guard let loose else {
            throw malformed(
                file.size < Self.endSize
                    ? "expected a zip archive, found \(file.size) bytes"
                    : "not a zip archive, or cut off: no end record in the last \(length) bytes")
        }
        return try end(in: tail, at: loose, start: start)
    }

    private func end(in tail: [UInt8], at position: Int, start: Int) throws(FileError) -> End {
        guard let disk = tail.integer16(at: position + 4),
            let directoryDisk = tail.integer16(at: position + 6),
            let countHere = tail.integer16(at: position + 8),
            let count = tail.integer16(at: position + 10),
            let size = tail.integer32(at: position + 12),
            let offset = tail.integer32(at: position + 16)
        else { throw malformed("the end record is cut off") }
        let end = End(position: start + position, count: count, size: size, offset: offset)
        let isSaturated =
            disk == 0xFFFF || directoryDisk == 0xFFFF || countHere == 0xFFFF || count == 0xFFFF
            || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF
        // A locator may also stand there by chance.
        let large =
            isSaturated
            ? try largeEnd(before: end.position) : try? largeEnd(before: end.position)
        if let large { return large }
        guard disk == 0, directoryDisk == 0, countHere == count else { throw split(disk) }
        return end
    }

    private func split(_ disk: Int) -> FileError {
        malformed("one part of a split archive (part \(disk + 1)), which is not read; join it")
    }

    /// Reads the zip64 record, when its locator stands before the end record.
    private func largeEnd(before position: Int) throws(FileError) -> End? {
        guard position >= Self.locatorSize else { return nil }
        let place = FilePlace(offset: position - Self.locatorSize, length: Self.locatorSize)
        let locator = try file.read(place)
        guard locator.integer32(at: 0) == 0x0706_4B50 else { return nil }
        guard locator.integer32(at: 4) == 0, let disks = locator.integer32(at: 16), disks <= 1
        else { throw split(locator.integer32(at: 4) ?? 0) }
        guard let stated = locator.integer64(at: 8) else {
            throw malformed("the zip64 locator points beyond the file")
        }
        // With bytes in front of the archive the record is not where the locator says.
        for candidate in [stated, place.offset - 56] {
            guard candidate >= 0, candidate <= place.offset - 56 else { continue }
            let record = try file.read(FilePlace(offset: candidate, length: 56))
            guard record.integer32(at: 0) == 0x0606_4B50 else { continue }
            guard record.integer32(at: 16) == 0, record.integer32(at: 20) == 0 else {
                throw split(record.integer32(at: 16) ?? 0)
            }
            guard let here = record.integer64(at: 24), let count = record.integer64(at: 32),
                let size = record.integer64(at: 40), let offset = record.integer64(at: 48),
                here == count
            else { throw malformed("the zip64 end record at byte \(candidate) is damaged") }
            return End(position: candidate, count: count, size: size, offset: offset)
        }
        throw malformed("no zip64 end record at byte \(stated), where the locator points")
    }

    // MARK: Records

    /// Reads one record and moves on; nil for one whose name has no letters at all.
    private func entry(
        in bytes: [UInt8], at position: inout Int, number: Int, shift: Int, limit: Int
    ) throws(FileError) -> ZipEntry? {
        let start = position
        guard bytes.integer32(at: start) == 0x0201_4B50, start + Self.recordSize <= bytes.count,
            let flags = bytes.integer16(at: start + 8),
            let method = bytes.integer16(at: start + 10),
            let crc = bytes.integer32(at: start + 16),
            let nameSize = bytes.integer16(at: start + 28),
            let extraSize = bytes.integer16(at: start + 30),
            let commentSize = bytes.integer16(at: start + 32)
        else { throw malformed("entry \(number) of the list is not a zip entry") }
        let nameStart = start + Self.recordSize
        let extraStart = nameStart + nameSize
        position = extraStart + extraSize + commentSize
        guard position <= bytes.count else {
            throw malformed("entry \(number) reaches beyond the list of entries")
        }
        guard flags & 0x2000 == 0 else {
            throw malformed("the list of entries is encrypted, which is not read")
        }
        let sizes = try sizes(
            in: bytes, at: start, extra: extraStart..<extraStart + extraSize, number: number)
        let rawName = Array(bytes[nameStart..<extraStart])
        guard let name = try ZipName.name(rawName, isUTF8: flags & 0x800 != 0, file: file.path)
        else { return nil }
        let (header, overflow) = sizes.header.addingReportingOverflow(shift)
        guard !overflow, header < limit, sizes.compressed <= limit - header else {
            throw malformed(
                "entry \(name.quoted) of \(sizes.compressed) bytes at \(sizes.header) does not "
                    + "lie before the list of entries")
        }
        return ZipEntry(
            name: name, method: ZipEntry.Method(method), isEncrypted: flags & 0x41 != 0,
            compressedSize: sizes.compressed, size: sizes.size, crc32: UInt32(crc),
            headerOffset: header)
    }

    private struct Sizes {
        var size: Int
        var compressed: Int
        var header: Int
    }

    /// The sizes and position of a record, from its zip64 field where they do not fit.
    private func sizes(
        in bytes: [UInt8], at start: Int, extra: Range<Int>, number: Int
    ) throws(FileError) -> Sizes {
        guard let compressed = bytes.integer32(at: start + 20),
            let size = bytes.integer32(at: start + 24), let disk = bytes.integer16(at: start + 34),
            let header = bytes.integer32(at: start + 42)
        else { throw malformed("entry \(number) of the list is cut off") }
        var sizes = Sizes(size: size, compressed: compressed, header: header)
        let saturated = 0xFFFF_FFFF
        var isOtherDisk = disk != 0
        if size == saturated || compressed == saturated || header == saturated || disk == 0xFFFF,
            var field = largeField(in: bytes, extra)
        {
            func take() throws(FileError) -> Int {
                guard field.count >= 8, let value = bytes.integer64(at: field.lowerBound) else {
                    throw malformed("the zip64 field of entry \(number) is damaged")
                }
                field = field.lowerBound + 8..<field.upperBound
                return value
            }
            if size == saturated { sizes.size = try take() }
            if compressed == saturated { sizes.compressed = try take() }
            if header == saturated { sizes.header = try take() }
            if disk == 0xFFFF {
                isOtherDisk = field.count < 4 || bytes.integer32(at: field.lowerBound) != 0
            }
        }
        guard !isOtherDisk else { throw split(disk) }
        return sizes
    }

    /// The bytes of the extra field 1.
    private func largeField(in bytes: [UInt8], _ extra: Range<Int>) -> Range<Int>? {
        var position = extra.lowerBound
        while position + 4 <= extra.upperBound,
            let kind = bytes.integer16(at: position), let size = bytes.integer16(at: position + 2)
        {
            let end = position + 4 + size
            guard end <= extra.upperBound else { return nil }
            if kind == 1 { return position + 4..<end }
            position = end
        }
        return nil
    }
}
