/// One change that a text goes through before it is cut into words.
enum NormalizerStep: Sendable {
    /// `NFC`, `NFD`, `NFKC`, `NFKD`.
    case form(UnicodeForm)
    /// `Lowercase`.
    case lowercase
    /// `Prepend`: a text before every text that is not empty.
    case prepend([UInt8])
    /// `Replace` of one text by another.
    case replace([UInt8], with: [UInt8])
    /// `Replace` of runs of white space: of any, or of two or more blanks.
    case replaceSpaces(SpaceRun, with: [UInt8])
    /// `Strip`: white space at the ends.
    case strip(left: Bool, right: Bool)
    /// `Precompiled`.
    case precompiled(PrecompiledCharacterMap)
    /// All that a SentencePiece model does.
    case sentencePiece(SentencePieceNormalizer)

    /// The regular expressions that are known in a `Replace`.
    enum SpaceRun: String, Sendable, CaseIterable {
        case any = #"\s+"#
        case blanks = " {2,}"
    }

    /// Whether the step leaves a part of a text as it is, found without a copy; false if unknown.
    func leaves(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard case .form(let form) = self else { return false }
        return form.firstUnstable(bytes, start, end) == nil
    }

    /// The step without what it puts in front of a text; nil if nothing is left.
    var continuing: NormalizerStep? {
        switch self {
        case .prepend: return nil
        case .sentencePiece(var normalizer):
            normalizer.addsPrefix = false
            return .sentencePiece(normalizer)
        default: return self
        }
    }

    func apply(to text: inout AlignedText) {
        if text.bytes.isEmpty { return }
        switch self {
        case .form(let form): form.apply(to: &text)
        case .lowercase: Self.lowercase(&text)
        case .prepend(let content): text.prepend(content)
        case .replace(let pattern, let content): text.replace(pattern, with: content)
        case .replaceSpaces(let run, let content): Self.replace(run, with: content, in: &text)
        case .strip(let left, let right): Self.strip(&text, left, right)
        case .precompiled(let map): map.apply(to: &text)
        case .sentencePiece(let normalizer): normalizer.apply(to: &text)
        }
    }

    private static func lowercase(_ text: inout AlignedText) {
        let bytes = text.bytes
        var rewriter = TextRewriter(text)
        var copied = 0
        var position = 0
        while position < bytes.count {
            let (value, length) = UTF8Text.scalar(at: position, in: bytes.span)
            var lower: [UInt8]?
            if value < 0x80 {
                if value >= 0x41, value <= 0x5A { lower = [UInt8(value) + 32] }
            } else if let scalar = Unicode.Scalar(value) {
                let mapping = Array(scalar.properties.lowercaseMapping.utf8)
                if !mapping.elementsEqual(bytes[position..<position + length]) { lower = mapping }
            }
            if let lower {
                rewriter.copy(copied, position)
                rewriter.append(lower, from: position)
                copied = position + length
            }
            position += length
        }
        if copied == 0 { return }
        rewriter.copy(copied, bytes.count)
        text = rewriter.text()
    }

    private static func replace(
        _ run: SpaceRun, with content: [UInt8], in text: inout AlignedText
    ) {
        let bytes = text.bytes
        let classes = ScalarClassTable.shared
        var rewriter = TextRewriter(text)
        var copied = 0
        var position = 0
        while position < bytes.count {
            let start = position
            var last = start
            var count = 0
            while position < bytes.count {
                let scalar = classes.scalar(at: position, in: bytes.span)
                let isBlank = bytes[position] == 0x20
                let isSpace = scalar.bits & ScalarClass.mask == ScalarClass.space
                guard run == .any ? isSpace : isBlank else { break }
                last = position
                position += scalar.length
                count += 1
            }
            if count >= (run == .any ? 1 : 2) {
                rewriter.copy(copied, start)
                rewriter.append(content, from: last)
                copied = position
            } else if count == 0 {
                position += classes.scalar(at: position, in: bytes.span).length
            }
        }
        if copied == 0 { return }
        rewriter.copy(copied, bytes.count)
        text = rewriter.text()
    }

    private static func strip(_ text: inout AlignedText, _ left: Bool, _ right: Bool) {
        let bytes = text.bytes
        let classes = ScalarClassTable.shared
        var start = 0
        var end = bytes.count
        while left, start < end {
            let scalar = classes.scalar(at: start, in: bytes.span)
            guard scalar.bits & ScalarClass.mask == ScalarClass.space else { break }
            start += scalar.length
        }
        while right, end > start {
            let scalar = classes.scalar(before: end, in: bytes.span)
            guard scalar.bits & ScalarClass.mask == ScalarClass.space else { break }
            end = scalar.start
        }
        if start > 0 || end < bytes.count { text = text.part(start..<end) }
    }
}
