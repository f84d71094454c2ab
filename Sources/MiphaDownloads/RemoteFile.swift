/// A file that a server gives to everybody.
package struct RemoteFile: Sendable, Hashable {
    /// Its address.
    package let url: String
    /// Its name in the folder it is downloaded to.
    package let name: String
    /// What it holds, for messages.
    package let content: String
    /// Number of bytes, where it is known for certain.
    package let bytes: Int?
    /// SHA-256, where it is known for certain.
    package let sha256: String?
    /// MD5, where the authors publish one.
    package let md5: String?

    /// Describes a file.
    package init(
        _ url: String, as name: String, content: String, bytes: Int? = nil, sha256: String? = nil,
        md5: String? = nil
    ) {
        self.url = url
        self.name = name
        self.content = content
        self.bytes = bytes
        self.sha256 = sha256
        self.md5 = md5
    }
}
