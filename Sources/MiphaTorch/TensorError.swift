internal import CMiphaTorch

/// A failed tensor operation: what failed, on which operands, and why.
public struct TensorError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure.
    public enum Code: Sendable {
        /// The engine refused or failed the operation.
        case engine
        /// Memory ran out.
        case outOfMemory
        /// An argument is outside what the operation accepts.
        case invalidArgument
    }

    /// Kind of failure.
    public let code: Code
    /// Name of the operation that failed.
    public let operation: String
    /// What was expected and found.
    public let message: String

    /// Creates an error.
    public init(_ code: Code, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    /// The operation followed by the message.
    public var description: String { "\(operation): \(message)" }
}

/// Turns a failed status into an error that names the operation and its operands.
func check(
    _ status: mt_status, _ operation: @autoclosure () -> String,
    _ operands: @autoclosure () -> [Tensor] = []
) throws(TensorError) {
    guard status.rawValue != MT_OK.rawValue else { return }
    let reason = unsafe String(cString: mt_last_error())
    let shapes = operands().map(\.description)
    let code: TensorError.Code =
        switch status {
        case MT_ERROR_OUT_OF_MEMORY: .outOfMemory
        case MT_ERROR_INVALID_ARGUMENT: .invalidArgument
        default: .engine
        }
    throw TensorError(
        code, operation: operation(),
        message: shapes.isEmpty ? reason : "\(reason) (operands: \(shapes.joined(separator: ", ")))"
    )
}
