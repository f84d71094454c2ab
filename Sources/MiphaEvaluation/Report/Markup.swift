import MiphaBenchmarks

/// Writes HTML that is also well-formed XML: elements are always closed, texts always escaped.
struct Markup {
    private(set) var text = ""

    private static let blocks: Set<String> = [
        "html", "head", "body", "header", "main", "section", "nav", "footer", "article", "div",
        "table", "caption", "thead", "tbody", "tr", "td", "th", "dl", "dt", "dd", "h1", "h2", "h3",
        "h4", "p", "ul", "li", "figure", "figcaption", "details", "summary", "svg", "g", "meta",
        "title", "style", "img", "path", "line", "circle", "text", "desc", "pre", "rect", "polygon",
    ]

    /// An element whose content `body` writes.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:],
        _ body: (inout Markup) -> Void
    ) {
        open(name, attributes)
        text += ">"
        body(&self)
        text += "</\(name)>"
    }

    /// An element that holds a text.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String
    ) {
        element(name, attributes) { $0.write(content) }
    }

    /// An element without attributes that holds a text.
    mutating func element(_ name: String, _ content: String) {
        element(name, [:]) { $0.write(content) }
    }

    /// An element without content.
    mutating func empty(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        open(name, attributes)
        text += "/>"
    }

    /// A text.
    mutating func write(_ content: String) {
        text += Self.escaped(content)
    }

    /// A text of the program's own that must stay as it is: the document type, the style sheet.
    mutating func writeVerbatim(_ content: StaticString) {
        text += "\(content)"
    }

    private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        if Self.blocks.contains(name) { text += "\n" }
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
    }

    /// The text with markup characters as references, and what may not or should not stand in a
    /// document made visible: control characters, and marks that turn the direction of what follows.
    static func escaped(_ content: String) -> String {
        var result = ""
        result.reserveCapacity(content.utf8.count)
        for scalar in content.unicodeScalars {
            switch scalar.value {
            case 0x26: result += "&amp;"
            case 0x3C: result += "&lt;"
            case 0x3E: result += "&gt;"
            case 0x22: result += "&quot;"
            case 0x27: result += "&#39;"
            case 0x09, 0x0A: result.unicodeScalars.append(scalar)
            case 0x0D: result += "\u{240D}"
            case 0x00..<0x20:
                if let picture = Unicode.Scalar(0x2400 + scalar.value) {
                    result.unicodeScalars.append(picture)
                }
            case _ where VisibleText.isNumbered(scalar):
                result += "[U+\(String(scalar.value, radix: 16, uppercase: true))]"
            case 0xFFFE, 0xFFFF: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
