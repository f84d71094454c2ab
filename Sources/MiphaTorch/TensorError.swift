internal import CMiphaTorch

/// A failed tensor operation: what failed, on which operands, and why.
public struct TensorError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure.
    public enum Code: Sendable, Hashable {
        /// The engine refused or failed the operation.
        case engine
        /// Main memory ran out.
        case outOfMemory
        /// A device's memory ran out when so many bytes were asked for; `nil` where the engine did
        /// not say.
        case deviceOutOfMemory(Device, requested: Int?)
        /// An argument is outside what the operation accepts.
        case invalidArgument
    }

    /// The shortage of memory that a message of a device's library tells of, and whether its words
    /// alone tell that it is one.
    package static func shortage(in message: String) -> (code: Code, isTold: Bool) {
        var (bytes, device) = (UInt64(0), mt_device())
        let isTold = unsafe mt_read_shortage(message, &device, &bytes)
        return (shortageCode(Device(device), bytes), isTold)
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
        case MT_ERROR_OUT_OF_MEMORY: shortage()
        case MT_ERROR_INVALID_ARGUMENT: .invalidArgument
        default: .engine
        }
    throw TensorError(
        code, operation: operation(),
        message: shapes.isEmpty ? reason : "\(reason) (operands: \(shapes.joined(separator: ", ")))"
    )
}

/// The kind of this thread's last failure, which is one of memory.
private func shortage() -> TensorError.Code {
    var bytes: UInt64 = 0
    let device = Device(unsafe mt_last_shortage(&bytes))
    return shortageCode(device, bytes)
}

private func shortageCode(_ device: Device, _ bytes: UInt64) -> TensorError.Code {
    guard device.isAccelerator else { return .outOfMemory }
    return .deviceOutOfMemory(device, requested: bytes == 0 ? nil : Int(clamping: bytes))
}
