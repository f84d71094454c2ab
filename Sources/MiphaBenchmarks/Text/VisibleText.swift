import MiphaFiles

/// Texts of others, made visible.
package enum VisibleText {
    /// The text, in quotation marks when something at its ends or in it would not be seen.
    package static func of(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let isPadded = [scalars.first, scalars.last].contains {
            $0.map(PythonText.isSpace) ?? false
        }
        let isHidden = scalars.contains {
            $0 != "\n" && $0.isInvisible && !isNumbered($0)
        }
        return isPadded || isHidden ? text.quoted(limit: .max) : text
    }

    /// Whether reports show the number of a character instead of the character: controls beyond
    /// ASCII, and marks that turn the direction of text.
    package static func isNumbered(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
