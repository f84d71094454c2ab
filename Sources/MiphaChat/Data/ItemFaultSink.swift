/// What becomes of the faults of an item.
protocol ItemFaultSink {
    /// What is kept of a turn.
    associatedtype Turn

    /// Takes a fault of the item with the identifier `id`; reading goes on unless this throws.
    mutating func take(_ fault: ItemFault, id: String?) throws(ChatError)

    /// What is kept of a turn; nil when that is nothing.
    static func kept(_ turn: ConversationItem.Turn) -> Turn?
}

/// Throws the first fault.
struct FaultThrower: ItemFaultSink {
    let file: String
    let index: Int

    func take(_ fault: ItemFault, id: String?) throws(ChatError) {
        throw error(fault, id: id)
    }

    /// The error for a fault of the item with the identifier `id`.
    func error(_ fault: ItemFault, id: String?) -> ChatError {
        let name = id.map { "(id \"\($0)\") " } ?? ""
        return ChatError(.malformedItem, "\(file): item \(index): \(name)\(fault.clause)")
    }

    static func kept(_ turn: ConversationItem.Turn) -> ConversationSample.Turn? {
        turn.role.map { ConversationSample.Turn($0, turn.text) }
    }
}

/// Keeps all faults.
struct FaultCollector: ItemFaultSink {
    private(set) var faults: [ItemFault] = []

    mutating func take(_ fault: ItemFault, id: String?) {
        faults.append(fault)
    }

    static func kept(_ turn: ConversationItem.Turn) -> ConversationItem.Turn? { turn }
}
