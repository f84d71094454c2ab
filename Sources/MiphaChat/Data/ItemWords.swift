/// The rules about images of items.
enum ItemImages {
    /// What is expected under a key of images.
    static func expected(_ key: String) -> String {
        key == "image" ? "a path or an array of paths" : "an array of paths"
    }

    /// The longest path that operating systems take; longer texts are mostly images in Base64.
    private static let maximumLength = 4096

    /// What is wrong with the path of an image, nil for nothing.
    static func fault(in path: String) -> String? {
        if path.isEmpty {
            return "expected a path, found an empty string; leave the key out for a text-only item"
        }
        let length = path.utf8.count
        if length > maximumLength || path.hasPrefix("data:") {
            return "expected a path, found a text of \(length) bytes; write the image to a file"
        }
        // The operating system would read such a path to the NUL only, and find another file.
        if path.utf8.contains(0) { return "expected a path, found one with a NUL inside" }
        return nil
    }
}

/// The rules about turns of items.
enum ItemTurns {
    /// What is expected where parts stand, as chat interfaces have them.
    static let noParts =
        "a string (parts are not read: put <image> into the text and the paths under \"image\" of "
        + "the item)"

    /// The question of a pair of answers where it is one text.
    ///
    /// It gets the markers of its images in front when it has none, since the published form does
    /// not write them.
    static func question(_ text: String, images: Int) -> String {
        guard UTF8Text.occurrences(of: ImageMarker.utf8, in: Array(text.utf8)).isEmpty
        else { return text }
        return String(repeating: ImageMarker.text + "\n", count: images) + text
    }
}
