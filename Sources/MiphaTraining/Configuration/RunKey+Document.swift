import MiphaFiles

extension RunKey {
    /// The default for documents: a value, "required", or what no value means.
    package var defaultText: String {
        if isRequired { return "required" }
        return switch value(in: RunConfiguration()) {
        case .null: absent
        case .string(let text): text.isEmpty ? "none" : text
        case .number(let number, _) where Int(exactly: number) != nil: "\(Int(number))"
        case let value: (try? value.text(.compact)) ?? absent
        }
    }

    /// The meaning and the accepted values for documents, as Markdown.
    package var explanation: String { values.isEmpty ? meaning : "\(meaning) \(values)." }

    /// All keys with their defaults and meanings, a line for each, as plain text.
    package static var listing: String {
        let rows =
            [("key", "default", "meaning")]
            + all.map { ($0.name, $0.defaultText, $0.explanation.replacing("`", with: "")) }
        let widths = (
            rows.map(\.0.count).reduce(0, max), rows.map(\.1.count).reduce(0, max)
        )
        func filled(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: width - text.count)
        }
        return rows.map {
            "\(filled($0.0, widths.0))  \(filled($0.1, widths.1))  \($0.2)"
        }.joined(separator: "\n")
    }
}
