/// Looks for the end of one JSON value, piece by piece, by its brackets and quotation marks only.
///
/// For a well-formed value the end is exact; for others it is some place at which the value is
/// known to be broken, and a cursor over the bytes up to there says how.
struct JSONBoundary {
    private enum Form {
        case unknown, container, string, scalar
    }

    /// The next byte to look at; after success the end of the value.
    var index: Int
    private var form = Form.unknown
    private var depth = 0
    private var isInString = false

    /// Starts at the first byte of a value.
    init(index: Int) {
        self.index = index
    }

    /// Whether the end of the text ends the value too, as it does for a number.
    var endsWithText: Bool { form == .scalar }

    /// Looks at the bytes up to `end`.
    ///
    /// - Returns: whether the value ends at ``index``.
    mutating func find(in base: UnsafePointer<UInt8>, to end: Int) -> Bool {
        if form == .unknown {
            guard index < end else { return false }
            unsafe start(with: base[index])
        }
        return form == .scalar
            ? unsafe findDelimiter(base, end) : unsafe findClosing(base, end)
    }

    private mutating func start(with byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): form = .container
        case UInt8(ascii: "\""):
            form = .string
            isInString = true
            index += 1
        default: form = .scalar
        }
    }

    private mutating func findDelimiter(_ base: UnsafePointer<UInt8>, _ end: Int) -> Bool {
        while index < end {
            switch unsafe base[index] {
            case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
                return true
            default: index += 1
            }
        }
        return false
    }

    private mutating func findClosing(_ base: UnsafePointer<UInt8>, _ end: Int) -> Bool {
        var index = index
        defer { self.index = index }
        while index < end {
            if isInString {
                index = unsafe JSONBytes.quoteOrBackslash(base, index, end)
                guard index < end else { return false }
                if unsafe base[index] == UInt8(ascii: "\\") {
                    guard index + 1 < end else { return false }
                    index += 2
                    continue
                }
                isInString = false
                index += 1
                if depth == 0 { return true }
            }
            while index < end {
                let byte = unsafe base[index]
                index &+= 1
                if byte == UInt8(ascii: "\"") {
                    isInString = true
                    break
                }
                // The bit 0x20 tells braces from square brackets.
                switch byte | 0x20 {
                case UInt8(ascii: "{"):
                    depth &+= 1
                    // Deeper than any cursor goes.
                    if depth > JSONValue.maximumDepth + 1 { return true }
                case UInt8(ascii: "}"):
                    depth &-= 1
                    if depth <= 0 { return true }
                default: break
                }
            }
        }
        return false
    }
}
