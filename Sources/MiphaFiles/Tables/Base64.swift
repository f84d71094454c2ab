/// Base64 texts (RFC 4648, the standard alphabet).
public enum Base64 {
    /// Decodes a text as Python's `base64.b64decode(text, validate=False)` does.
    ///
    /// Characters outside the alphabet are skipped; two characters and "==", or three and "=",
    /// end the text, whatever follows. Other than Python, missing "=" at the end are forgiven.
    /// Reference: CPython 3.11, `Modules/binascii.c`, `a2b_base64`.
    ///
    /// - Parameters:
    ///   - text: the characters, ASCII.
    ///   - name: how the error calls the text.
    /// - Throws: `FileError` when a single character is left over, which holds no byte.
    public static func decode(
        _ text: [UInt8], name: String = "Base64 text"
    ) throws(FileError) -> [UInt8] {
        var leftOver = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 3) {
            buffer, count in
            leftOver = unsafe text.withUnsafeBufferPointer { text in
                unsafe decode(text, into: buffer, &count)
            }
        }
        guard leftOver != 1 else {
            throw FileError(
                .malformedFile,
                "\(name): not Base64: \(text.count) bytes, of which the last character that "
                    + "counts stands alone")
        }
        return bytes
    }

    /// Decodes into a buffer that is large enough; the number of characters of an open group.
    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>,
        _ count: inout Int
    ) -> Int {
        unsafe values.withUnsafeBufferPointer { values in
            var position = 0
            var group: UInt32 = 0
            var held = 0
            var padding = 0
            while position < text.count {
                // Four characters of the alphabet in a row are the usual case.
                while held == 0, position &+ 4 <= text.count {
                    let a = unsafe values[Int(text[position])]
                    let b = unsafe values[Int(text[position &+ 1])]
                    let c = unsafe values[Int(text[position &+ 2])]
                    let d = unsafe values[Int(text[position &+ 3])]
                    guard (a | b | c | d) < 64 else { break }
                    let word = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
                    unsafe output[count] = UInt8(truncatingIfNeeded: word >> 16)
                    unsafe output[count &+ 1] = UInt8(truncatingIfNeeded: word >> 8)
                    unsafe output[count &+ 2] = UInt8(truncatingIfNeeded: word)
                    count &+= 3
                    position &+= 4
                    padding = 0
                }
                guard position < text.count else { break }
                let byte = unsafe text[position]
                position &+= 1
                if byte == UInt8(ascii: "=") {
                    padding &+= 1
                    if held >= 2, held + padding >= 4 { break }
                    continue
                }
                let value = unsafe values[Int(byte)]
                guard value < 64 else { continue }
                padding = 0
                group = group << 6 | UInt32(value)
                held &+= 1
                guard held == 4 else { continue }
                for shift in [16, 8, 0] as [UInt32] {
                    unsafe output[count] = UInt8(truncatingIfNeeded: group >> shift)
                    count &+= 1
                }
                group = 0
                held = 0
            }
            // An open group of two characters holds one byte, of three two.
            for index in 0..<max(held - 1, 0) {
                let bits = UInt32(6 * held - 8 * (index + 1))
                unsafe output[count] = UInt8(truncatingIfNeeded: group >> bits)
                count &+= 1
            }
            return held
        }
    }

    /// The value of each character, 255 of those outside the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()
}
