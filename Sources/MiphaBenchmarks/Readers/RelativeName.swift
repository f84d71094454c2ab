/// A relative path in a benchmark's data, compared part by part and byte by byte.
struct RelativeName: Hashable, Sendable {
    /// The parts, each as its bytes.
    let parts: [[UInt8]]

    /// The last part.
    var base: [UInt8] { parts.last ?? [] }

    /// Cuts a path; nil when it is empty, absolute or leads upwards.
    init?(_ path: String) {
        guard path.utf8.first != UInt8(ascii: "/"), !path.utf8.contains(0) else { return nil }
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
            .filter { $0 != Array(".".utf8) }
        guard !parts.isEmpty, !parts.contains(Array("..".utf8)) else { return nil }
        self.parts = parts
    }

    /// The path with "/" between the parts.
    var text: String {
        parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }

    /// Whether this path ends with all parts of another.
    func hasSuffix(_ other: RelativeName) -> Bool {
        parts.suffix(other.parts.count).elementsEqual(other.parts)
    }

    /// How many parts at the end are the same.
    func commonEnd(with other: RelativeName) -> Int {
        zip(parts.reversed(), other.parts.reversed()).prefix { $0 == $1 }.count
    }
}
