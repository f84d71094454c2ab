/// Goes past values without keeping anything of them.
enum JSONSkipping {
    /// Goes past the value that starts here, checking that it is well formed.
    static func skipValue(
        _ scanner: inout JSONScanner
    ) throws(FileError) {
        guard scanner.position < scanner.end else { throw scanner.expected("a value") }
        switch scanner.byte(scanner.position) {
        case UInt8(ascii: "\""): try scanner.skipString()
        case UInt8(ascii: "{"): try skipMembers(&scanner)
        case UInt8(ascii: "["): try skipElements(&scanner)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            _ = try scanner.number()
        case UInt8(ascii: "-"):
            if try scanner.nonFinite() == nil { _ = try scanner.number() }
        case UInt8(ascii: "t") where scanner.take(word: "true"): break
        case UInt8(ascii: "f") where scanner.take(word: "false"): break
        case UInt8(ascii: "n") where scanner.take(word: "null"): break
        default:
            guard try scanner.nonFinite() != nil else { throw scanner.expected("a value") }
        }
    }

    private static func skipElements(
        _ scanner: inout JSONScanner
    ) throws(FileError) {
        try scanner.descend()
        scanner.skipWhitespace()
        if !scanner.take(UInt8(ascii: "]")) {
            repeat {
                scanner.skipWhitespace()
                try skipValue(&scanner)
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "]")) else { throw scanner.expected("',' or ']'") }
        }
        scanner.depth -= 1
    }

    private static func skipMembers(
        _ scanner: inout JSONScanner
    ) throws(FileError) {
        try scanner.descend()
        scanner.skipWhitespace()
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                scanner.skipWhitespace()
                guard scanner.position < scanner.end,
                    scanner.byte(scanner.position) == UInt8(ascii: "\"")
                else {
                    throw scanner.expected("a key in quotation marks")
                }
                try scanner.skipString()
                scanner.skipWhitespace()
                guard scanner.take(UInt8(ascii: ":")) else {
                    throw scanner.expected("':' after a key")
                }
                scanner.skipWhitespace()
                try skipValue(&scanner)
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "}")) else { throw scanner.expected("',' or '}'") }
        }
        scanner.depth -= 1
    }
}
