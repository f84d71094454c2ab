import Foundation

/// Why an image file is not there, as far as its path shows.
package enum MissingImage {
    /// A clause for the end of a message; empty when the path shows nothing.
    package static func hint(for path: String) -> String {
        if path.contains("://") {
            return "; addresses are not fetched: download the image and give the path of the file"
        }
        for (other, difference) in neighbours(of: path)
        where !other.utf8.elementsEqual(path.utf8)
            && FileManager.default.fileExists(atPath: other)
        {
            return "; there is a file whose name differs in \(difference) only, and names are "
                + "compared byte by byte: rename it, or change the path"
        }
        return ""
    }

    /// Paths that are easily taken for this one.
    private static func neighbours(of path: String) -> [(path: String, difference: String)] {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let name = String(path.dropFirst(folder.count))
        return [
            (path.precomposedStringWithCanonicalMapping, "the Unicode form of its accents"),
            (path.decomposedStringWithCanonicalMapping, "the Unicode form of its accents"),
            (folder + name.lowercased(), "capitals"),
            (folder + name.uppercased(), "capitals"),
            (path.replacing("\\", with: "/"), "/ and \\"),
            (folder + name.trimmingCharacters(in: .whitespacesAndNewlines), "whitespace"),
        ]
    }
}
