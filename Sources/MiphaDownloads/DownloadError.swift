package import MiphaFiles

/// A failure to download a file or to check one that was downloaded.
///
/// The message is one line: what failed, where, what was expected, what was found.
package struct DownloadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    package enum Code: String, Sendable, CaseIterable {
        /// A file that was written before does not exist any more.
        case missingFile
        /// The list of downloads breaks its format.
        case malformedFile
        /// A file is not the one that was published or recorded.
        case mismatch
        /// The caller asked for something that does not exist.
        case invalidRequest
        /// A server could not be reached, refused, or sent something else.
        case network
        /// The operating system refused to read or write.
        case system
    }

    /// The kind of failure.
    package let code: Code
    /// One line for people.
    package let message: String

    /// Creates an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Takes over the failure of a file.
    package init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .system: .system
            case .missing: .missingFile
            case .malformedJSON, .malformedFile: .malformedFile
            case .invalidRequest: .invalidRequest
            }
        self.init(code, error.message)
    }

    /// The message.
    package var description: String { message }
}
