/// The names of zip entries.
enum ZipName {
    private static let codePage437 = Array(
        ("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
            + "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}")
            .unicodeScalars)

    /// The name as it is used, nil when nothing of it is left.
    ///
    /// - Throws: `FileError` for a part "..", a zero byte, or bytes that are not the UTF-8 they
    ///   claim to be.
    static func name(_ bytes: [UInt8], isUTF8: Bool, file: String) throws(FileError) -> String? {
        let text: String
        if let valid = String(validating: bytes, as: UTF8.self) {
            text = valid
        } else if isUTF8 {
            throw FileError(
                .malformedFile,
                "\(file): the entry name \(String(decoding: bytes, as: UTF8.self).quoted) is "
                    + "flagged as UTF-8 and is not")
        } else {
            text = fromCodePage437(bytes)
        }
        if isClean(bytes) { return text }
        let scalars = text.unicodeScalars
        guard !scalars.contains("\0") else {
            throw FileError(
                .malformedFile, "\(file): the entry name \(text.quoted) holds a zero byte")
        }
        var parts: [String] = []
        for part in scalars.split(whereSeparator: { $0 == "/" || $0 == "\\" }) {
            let part = String(part)
            guard part != ".." else {
                throw FileError(
                    .malformedFile,
                    "\(file): the entry name \(text.quoted) leads out of the archive")
            }
            if part != "." { parts.append(part) }
        }
        if parts.isEmpty { return nil }
        let isFolder = scalars.last == "/" || scalars.last == "\\"
        return parts.joined(separator: "/") + (isFolder ? "/" : "")
    }

    /// Whether there is nothing to change or refuse, as in nearly all names.
    private static func isClean(_ bytes: [UInt8]) -> Bool {
        var length = 0
        var isDots = true
        for byte in bytes {
            if byte == 0 || byte == 0x5C { return false }
            if byte == 0x2F {
                if length == 0 || (isDots && length <= 2) { return false }
                length = 0
                isDots = true
            } else {
                length += 1
                isDots = isDots && byte == 0x2E
            }
        }
        return !bytes.isEmpty && !(isDots && (length == 1 || length == 2))
    }

    private static func fromCodePage437(_ bytes: [UInt8]) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            scalars.append(byte < 0x80 ? UnicodeScalar(byte) : codePage437[Int(byte) - 0x80])
        }
        return String(scalars)
    }
}
