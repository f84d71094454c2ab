/// The tuning mode of a group.
public enum TuningMode: Sendable, Equatable, CustomStringConvertible {
    /// Nothing.
    case frozen
    /// All that the loss depends on.
    case full
    /// The last blocks, and what comes after them in the group.
    case last(Int)
    /// Low-rank adapters; the group's own parameters stay as they are.
    case lora

    /// Reads `frozen`, `full`, `lora` or `last:N` with N from 1.
    public init?(parsing text: String) {
        switch text {
        case "frozen": self = .frozen
        case "full": self = .full
        case "lora": self = .lora
        default:
            guard text.hasPrefix("last:"), let count = Int(text.dropFirst("last:".count)),
                count > 0
            else { return nil }
            self = .last(count)
        }
    }

    /// The text ``init(parsing:)`` reads.
    public var description: String {
        switch self {
        case .frozen: "frozen"
        case .full: "full"
        case .lora: "lora"
        case .last(let count): "last:\(count)"
        }
    }
}
