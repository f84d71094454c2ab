import MiphaFiles

/// Decompositions, compositions and combining classes of Unicode scalars.
///
/// The Unicode version is that of Hugging Face `tokenizers`, which is older than the Swift standard
/// library's. Hangul syllables are computed and in no table.
struct NormalizationTables: Sendable {
    static let shared = NormalizationTables()

    /// What is known of a scalar, in one word: its combining class and these bits.
    private static let classMask: UInt16 = 0xFF
    private static let isDecomposed: UInt16 = 0x100
    private static let isCompatible: UInt16 = 0x200
    private static let isUnstable: UInt16 = 0x400

    private var pageNumbers = [UInt8](repeating: 0, count: 0x1100)
    private var pages = [UInt16](repeating: 0, count: 256)
    private var scalars: [UInt32] = []
    private var canonical = PairTable(capacity: 4096)
    private var compatible = PairTable(capacity: 8192)
    private var compositions = PairTable(capacity: 2048)

    private init() {
        let classes = NormalizationData.classes
        for pair in stride(from: 0, to: classes.count - 1, by: 2) {
            for scalar in classes[pair]..<classes[pair] + classes[pair + 1] >> 8 {
                mark(scalar, UInt16(classes[pair + 1] & 0xFF))
            }
        }
        for entry in Self.entries(NormalizationData.canonical) {
            canonical.set(UInt64(entry.scalar), store(entry.content))
            mark(entry.scalar, Self.isDecomposed)
        }
        // Short ones first: they are what longer ones are composed of.
        let entries = Self.entries(NormalizationData.canonical)
        for entry in entries.sorted(by: { $0.content.count < $1.content.count }) {
            addComposition(entry.scalar, entry.content, entry.isComposed)
        }
        for entry in Self.entries(CompatibilityData.entries) {
            compatible.set(UInt64(entry.scalar), store(entry.content))
            mark(entry.scalar, Self.isCompatible)
        }
        // The second and third parts of Hangul syllables may join what is before them.
        for jamo in 0x1161...0x1175 { mark(UInt32(jamo), Self.isUnstable) }
        for jamo in 0x11A8...0x11C2 { mark(UInt32(jamo), Self.isUnstable) }
    }

    /// A scalar that is composed of all but the last scalar of its decomposition, and that one.
    private mutating func addComposition(
        _ scalar: UInt32, _ content: [UInt32], _ isComposed: Bool
    ) {
        guard isComposed, content.count >= 2 else {
            mark(scalar, Self.isUnstable)
            return
        }
        var first = content[0]
        for next in content[1..<content.count - 1] { first = composition(first, next) ?? first }
        compositions.set(PairTable.key(first, content[content.count - 1]), scalar)
        mark(content[content.count - 1], Self.isUnstable)
    }

    private mutating func store(_ content: [UInt32]) -> UInt32 {
        let place = UInt32(scalars.count) << 5 | UInt32(content.count)
        scalars += content
        return place
    }

    private mutating func mark(_ scalar: UInt32, _ bits: UInt16) {
        let page = Int(scalar >> 8)
        if pageNumbers[page] == 0 {
            pageNumbers[page] = UInt8(pages.count / 256)
            pages += [UInt16](repeating: 0, count: 256)
        }
        pages[Int(pageNumbers[page]) << 8 | Int(scalar & 0xFF)] |= bits
    }

    @inline(__always)
    private func bits(_ scalar: UInt32) -> UInt16 {
        pages[Int(pageNumbers[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
    }

    /// The combining class; 0 for a starter.
    func combiningClass(_ scalar: UInt32) -> UInt8 { UInt8(bits(scalar) & Self.classMask) }

    /// Whether a scalar is the same in `form` whatever stands around it, and what follows it can
    /// only join it, not what is before it.
    @inline(__always)
    func isStable(_ scalar: UInt32, in form: UnicodeForm) -> Bool {
        let bits = bits(scalar)
        if bits == 0 { return form.composes || !HangulSyllable.contains(scalar) }
        var changing = Self.classMask
        changing |= form.composes ? Self.isUnstable : Self.isDecomposed
        if form.isCompatible { changing |= Self.isCompatible }
        return bits & changing == 0
    }

    /// Calls `body` with each scalar of the full decomposition.
    func decompose(_ scalar: UInt32, compatibly: Bool, _ body: (UInt32) -> Void) {
        if HangulSyllable.contains(scalar) {
            HangulSyllable.decompose(scalar, body)
            return
        }
        let bits = bits(scalar)
        var place = PairTable.missing
        if compatibly, bits & Self.isCompatible != 0 {
            place = compatible[UInt64(scalar)]
        } else if bits & Self.isDecomposed != 0 {
            place = canonical[UInt64(scalar)]
        }
        guard place != PairTable.missing else {
            body(scalar)
            return
        }
        let start = Int(place >> 5)
        for index in start..<start + Int(place & 31) { body(scalars[index]) }
    }

    /// The scalar that two scalars make, or nil.
    func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if let syllable = HangulSyllable.composition(first, second) { return syllable }
        let found = compositions[PairTable.key(first, second)]
        return found == PairTable.missing ? nil : found
    }

    private struct Entry {
        var scalar: UInt32
        var content: [UInt32]
        var isComposed: Bool
    }

    private static func entries(_ text: String) -> [Entry] {
        guard let data = try? Base64.decode(Array(text.utf8)) else { return [] }
        var entries: [Entry] = []
        var position = 0
        func scalar() -> UInt32 {
            let found = UTF8Text.scalar(at: position, in: data.span)
            position += found.length
            return found.value
        }
        while position < data.count {
            let head = data[position]
            position += 1
            let first = scalar()
            let content = (0..<head & 0x1F).map { _ in scalar() }
            entries.append(Entry(scalar: first, content: content, isComposed: head & 0x80 != 0))
        }
        return entries
    }
}

/// The syllables that are computed from their parts (Unicode standard, section 3.12).
enum HangulSyllable {
    private static let base: UInt32 = 0xAC00
    private static let count: UInt32 = 11172
    private static let leads: UInt32 = 0x1100
    private static let vowels: UInt32 = 0x1161
    private static let tails: UInt32 = 0x11A7

    static func contains(_ scalar: UInt32) -> Bool { scalar &- base < count }

    static func decompose(_ scalar: UInt32, _ body: (UInt32) -> Void) {
        let index = scalar - base
        body(leads + index / 588)
        body(vowels + index % 588 / 28)
        if index % 28 > 0 { body(tails + index % 28) }
    }

    static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first &- leads < 19, second &- vowels < 21 {
            return base + ((first - leads) * 21 + second - vowels) * 28
        }
        if contains(first), (first - base) % 28 == 0, second > tails, second - tails < 28 {
            return first + second - tails
        }
        return nil
    }
}
