/// Reports an image that cannot be read, an operation that cannot be done, or a bad processor file.
public struct ImagingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: String, Sendable {
        /// The file could not be opened or read.
        case unreadable
        /// The bytes are not an image of a format that is read.
        case unsupported
        /// The bytes end inside the image.
        case truncated
        /// The bytes contradict their format.
        case corrupt
        /// The image is larger than a limit.
        case limit
        /// There was not enough memory.
        case memory
        /// An argument is out of range.
        case argument
        /// A processor file is invalid.
        case configuration
    }

    /// What kind of failure it was.
    public let code: Code

    /// What failed, where, what was expected and what was found.
    public let message: String

    /// The message.
    public var description: String { message }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The same error with an image's name in front.
    package func about(_ name: String) -> ImagingError {
        ImagingError(code, "\(name): \(message)")
    }
}
