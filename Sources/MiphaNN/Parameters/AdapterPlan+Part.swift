extension AdapterPlan {
    /// A parameter of an adapter, by the name that PEFT gives it.
    public enum Part: String, CaseIterable, Sendable {
        /// `A` of a linear layer.
        case down = "lora_A"
        /// `B` of a linear layer.
        case up = "lora_B"
        /// DoRA's lengths of a linear layer.
        case magnitude = "lora_magnitude_vector"
        /// `A` of a table, `[rank, rows]`.
        case tableDown = "lora_embedding_A"
        /// `B` of a table, `[width, rank]`.
        case tableUp = "lora_embedding_B"

        /// The part of a parameter by its full name; `nil` for one that is not an adapter's.
        public init?(of name: String) {
            guard let part = Self.allCases.first(where: { name.hasSuffix($0.suffix) }) else {
                return nil
            }
            self = part
        }

        /// The name's ending after the path of the layer.
        public var suffix: String {
            switch self {
            case .down, .up: "\(marker).weight"
            case .magnitude, .tableDown, .tableUp: marker
            }
        }

        /// The component that every name of the part contains, whoever wrote it.
        package var marker: String { ".\(rawValue)" }

        /// Whether it is the first of the two matrices.
        package var isDown: Bool { self == .down || self == .tableDown }

        /// The parts that a layer must have beside this one.
        package func companions(withMagnitude: Bool) -> [Part] {
            switch self {
            case .down, .up, .magnitude:
                ([.down, .up] + (withMagnitude ? [.magnitude] : [])).filter { $0 != self }
            case .tableDown: [.tableUp]
            case .tableUp: [.tableDown]
            }
        }

        /// The path of the layer of a parameter of this part.
        package func path(of name: String) -> String { String(name.dropLast(suffix.count)) }
    }
}
