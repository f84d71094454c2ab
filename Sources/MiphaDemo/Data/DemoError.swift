/// Why the demo could not go on.
package struct DemoError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package enum Code: Sendable {
        /// A file or folder could not be written or read.
        case file
        /// An image could not be encoded.
        case picture
        /// A number of the plan is out of range.
        case plan
        /// Fewer answers are right than was asked for.
        case score
    }

    /// The kind of failure.
    package let code: Code

    /// The cause, the place and the remedy.
    package let message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    package var description: String { message }
}
