/// What both readers of items say of pictures.
package enum ItemImages {
    /// What is expected under a key of pictures.
    package static func expected(_ key: String) -> String {
        key == "image" ? "a path or an array of paths" : "an array of paths"
    }

    /// The longest path that operating systems take; longer texts are mostly pictures in Base64.
    private static let maximumLength = 4096

    /// What is wrong with the path of a picture, nil for nothing.
    package static func fault(in path: String) -> String? {
        if path.isEmpty {
            return "expected a path, found an empty string; leave the key out for a text-only item"
        }
        let length = path.utf8.count
        if length > maximumLength || path.hasPrefix("data:") {
            return "expected a path, found a text of \(length) bytes; write the picture to a file"
        }
        // The operating system would read such a path to the NUL only, and find another file.
        if path.utf8.contains(0) { return "expected a path, found one with a NUL inside" }
        return nil
    }
}

/// What both readers of items say of turns.
package enum ItemTurns {
    /// What is expected where parts stand, as chat interfaces have them.
    package static let noParts =
        "a string (parts are not read: put <image> into the text and the paths under \"image\" of "
        + "the item)"

    /// Of a turn of role and content in an item without a pair of answers.
    package static let foreignKey =
        "is read with a pair of answers only; expected \"from\" (human or gpt) and \"value\""

    /// Of a turn with two roles or texts.
    package static func twice(_ key: String, after other: String) -> String {
        let what = key == "from" || key == "role" ? "role" : "text"
        return key == other
            ? "comes twice; leave one out"
            : "the turn has a \(what) already, under \"\(other)\"; leave one of them out"
    }

    /// Of an answer that is a list of turns.
    package static func notOne(_ count: Int) -> String { "expected one turn, found \(count)" }

    /// Of an answer that is a turn of the human.
    package static let notAnswer = "expected a turn of \"gpt\", found one of \"human\""

    /// The question of a pair of answers where it is one text.
    ///
    /// It gets the markers of its pictures in front when it has none, since the published form does
    /// not write them.
    package static func question(_ text: String, images: Int) -> String {
        guard UTF8Text.occurrences(of: ImageMarker.utf8, in: Array(text.utf8)).isEmpty
        else { return text }
        return String(repeating: ImageMarker.text + "\n", count: images) + text
    }

    /// Of a pair of answers to more than one question.
    package static func twoQuestions(_ first: String, _ second: String) -> String {
        first == second
            ? "key \"\(first)\" comes twice; leave one out"
            : "keys \"\(first)\" and \"\(second)\": both hold the question; leave one out"
    }
}
