/// GPT-2's reversible map between bytes and printable scalars, in which byte-level vocabularies are
/// written.
///
/// The 188 printable Latin-1 bytes stand for themselves; the other 68, in ascending order, are
/// U+0100 and up (a space is `Ġ`). Reference: openai/gpt-2, src/encoder.py, `bytes_to_unicode`.
enum ByteAlphabet {
    /// The scalar of every byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        var result: [Unicode.Scalar] = []
        for byte in UInt8.min...UInt8.max {
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE {
                result.append(Unicode.Scalar(byte))
            } else {
                result.append(Unicode.Scalar(next) ?? "\u{FFFD}")
                next += 1
            }
        }
        return result
    }()

    /// The byte of every scalar below U+0144, -1 where there is none.
    private static let bytesOfScalars: [Int16] = {
        var result = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { result[Int(scalar.value)] = Int16(byte) }
        return result
    }()

    /// Appends the bytes a token decodes to.
    ///
    /// Each scalar's byte, or the token's own UTF-8 if any scalar is outside the alphabet.
    static func appendBytes(of token: String, to bytes: inout [UInt8]) {
        let start = bytes.count
        for scalar in token.unicodeScalars {
            let value = Int(scalar.value)
            guard value < bytesOfScalars.count, bytesOfScalars[value] >= 0 else {
                bytes.removeLast(bytes.count - start)
                bytes.append(contentsOf: token.utf8)
                return
            }
            bytes.append(UInt8(truncatingIfNeeded: bytesOfScalars[value]))
        }
    }
}
