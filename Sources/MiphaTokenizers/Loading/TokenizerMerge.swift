import MiphaFiles

/// Two tokens that become one.
struct TokenizerMerge: Sendable {
    var left: String
    var right: String
}

extension TokenizerMerge {
    /// Splits `left right` at its only space.
    init?(_ text: String) {
        guard let blank = text.utf8.firstIndex(of: 0x20) else { return nil }
        let left = text[..<blank]
        let right = text[text.utf8.index(after: blank)...]
        guard !left.isEmpty, !right.isEmpty, !right.utf8.contains(0x20) else { return nil }
        self.init(left: String(left), right: String(right))
    }

    /// Reads a list of texts `left right` or of pairs.
    static func list(_ node: JSONNode) throws(TokenizerError) -> [TokenizerMerge] {
        let values = try node.array()
        var merges: [TokenizerMerge] = []
        merges.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            if case .string(let text) = value, let merge = TokenizerMerge(text) {
                merges.append(merge)
            } else if case .array(let parts) = value, parts.count == 2,
                case .string(let left) = parts[0], case .string(let right) = parts[1]
            {
                merges.append(TokenizerMerge(left: left, right: right))
            } else {
                throw node.error(
                    .value, "element \(index): expected \"left right\" or [\"left\", \"right\"]")
            }
        }
        return merges
    }

    /// Reads `merges.txt`: `left right` on each line, `#version` lines and blank last lines
    /// skipped.
    ///
    /// Lines end with LF, CR LF or CR.
    static func list(inLines bytes: [UInt8], file: String) throws(TokenizerError)
        -> [TokenizerMerge]
    {
        if let message = FileSignature.message(bytes, file, expected: "merges as text in UTF-8") {
            throw TokenizerError(.syntax, message)
        }
        if let bad = UTF8Text.firstInvalidByte(bytes.span) {
            throw TokenizerError(.syntax, "\(file): byte \(bad): not valid UTF-8")
        }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var previous: UInt8 = 0
        for byte in ByteOrderMark.removed(from: bytes) {
            if byte != 0x0A || previous != 0x0D { text.append(byte == 0x0D ? 0x0A : byte) }
            previous = byte
        }
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        let last = lines.lastIndex { !$0.isEmpty } ?? -1
        var merges: [TokenizerMerge] = []
        merges.reserveCapacity(lines.count)
        for (index, line) in lines.prefix(last + 1).enumerated() {
            if line.starts(with: "#version".utf8) { continue }
            guard let merge = TokenizerMerge(String(decoding: line, as: UTF8.self)) else {
                throw TokenizerError(
                    .value, "\(file): line \(index + 1): expected two tokens and one space")
            }
            merges.append(merge)
        }
        return merges
    }
}
