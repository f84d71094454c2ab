/// A turn as it stands in a file.
struct ItemTurn {
    /// Who speaks; nil when the name is not a known one.
    let role: ConversationSample.Role?
    /// The name of who speaks.
    let name: String
    /// What is said.
    let text: String
}

/// What becomes of the faults of an item.
protocol ItemFaultSink {
    /// What is kept of a turn.
    associatedtype Turn

    /// Takes a fault of the item with the identifier `id`; reading goes on unless this throws.
    mutating func take(_ fault: ItemFault, id: String?) throws(ChatError)

    /// What is kept of a turn; nil when that is nothing.
    static func kept(_ turn: ItemTurn) -> Turn?
}

/// Throws the first fault.
struct FaultThrower: ItemFaultSink {
    let file: String
    let index: Int

    func take(_ fault: ItemFault, id: String?) throws(ChatError) {
        let name = id.map { "(id \"\($0)\") " } ?? ""
        throw ChatError(.malformedItem, "\(file): item \(index): \(name)\(fault.clause)")
    }

    static func kept(_ turn: ItemTurn) -> ConversationSample.Turn? {
        turn.role.map { ConversationSample.Turn($0, turn.text) }
    }
}

/// Keeps all faults.
struct FaultCollector: ItemFaultSink {
    private(set) var faults: [ItemFault] = []

    mutating func take(_ fault: ItemFault, id: String?) {
        faults.append(fault)
    }

    static func kept(_ turn: ItemTurn) -> ConversationItem.Turn? {
        ConversationItem.Turn(role: turn.name, text: turn.text)
    }
}
