import Crypto

/// The SHA-256 of bytes or of a file.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Hashes bytes.
    public init(of bytes: [UInt8]) {
        var hash = SHA256()
        hash.update(data: bytes)
        self.bytes = Array(hash.finalize())
    }

    /// Hashes the bytes of pieces one after another.
    public init(of pieces: RawSpan, after start: [UInt8]) {
        var hash = SHA256()
        hash.update(data: start)
        unsafe pieces.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        bytes = Array(hash.finalize())
    }

    /// Hashes the memory of numbers after other bytes.
    public init(of numbers: [Float], after start: [UInt8]) {
        unsafe self.init(of: numbers.span.bytes, after: start)
    }

    /// Hashes a file of any size in a memory of a megabyte.
    ///
    /// - Throws: `FileError` when the file cannot be read.
    public init(contentsOf path: String) throws(FileError) {
        try self.init(FileSource(path: path))
    }

    /// Hashes what a source gives.
    ///
    /// - Throws: `FileError` when it cannot be read.
    public init(of source: any ByteSource) throws(FileError) {
        try self.init(FileSource(source))
    }

    private init(_ source: FileSource) throws(FileError) {
        var hash = SHA256()
        let size = 1 << 20
        let window = ByteWindow(capacity: size)
        while true {
            let count = try unsafe source.read(into: window.base, count: size)
            guard count > 0 else { break }
            unsafe hash.update(
                bufferPointer: UnsafeRawBufferPointer(start: window.base, count: count))
        }
        bytes = Array(hash.finalize())
    }

    /// Reads 64 hexadecimal digits, of either case; nil for other texts.
    public init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(of: digits[index]),
                let low = Self.value(of: digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// 64 hexadecimal digits, lower case.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// The digits of ``hex``.
    public var description: String { hex }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 0x41 + 10
        default: nil
        }
    }
}
