import MiphaFiles

extension ConversationItemParser {
    /// The turns under a key; nil when one of them is not whole.
    mutating func readTurns(_ cursor: inout JSONCursor, _ key: String) throws -> [Sink.Turn]? {
        guard cursor.kind == .array else {
            try refuse(&cursor, key, "an array")
            return nil
        }
        var turns: [Sink.Turn] = []
        var index = 0
        try cursor.beginArray()
        while try cursor.nextElement() {
            if let turn = try readTurn(&cursor, "\(key)[\(index)]"), let kept = Sink.kept(turn) {
                turns.append(kept)
            }
            index += 1
        }
        return turns.count == index ? turns : nil
    }

    /// A turn, whose place in the item is named in messages; nil when it is not whole.
    mutating func readTurn(
        _ cursor: inout JSONCursor, _ place: @autoclosure () -> String
    ) throws -> ConversationItem.Turn? {
        guard cursor.kind == .object else {
            try refuse(&cursor, place(), "an object")
            return nil
        }
        var parts = TurnParts()
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "from", "value": try readPart(&cursor, key, &parts, place)
            case "role", "content":
                if form == .conversations {
                    parts.isRefused = true
                    try fault(.pairKey(place: "\(place()).\(key)"))
                } else if form == nil, pairKey == nil {
                    pairKey = "\(place()).\(key)"
                }
                try readPart(&cursor, key, &parts, place)
            default: try keys.pass(&cursor, key, of: .turn, in: place())
            }
        }
        if parts.isRefused { return nil }
        guard let name = parts.name, let text = parts.text else {
            // A refused key may be what the missing one was meant to be.
            try reportRefusals()
            try fault(.missingPart(place: "\(place()).\(parts.name == nil ? "from" : "value")"))
            return nil
        }
        return ConversationItem.Turn(role: parts.role, name: name, text: text)
    }

    /// Reads the role or the text of a turn.
    private mutating func readPart(
        _ cursor: inout JSONCursor, _ key: String, _ parts: inout TurnParts, _ place: () -> String
    ) throws {
        let isRole = key == "from" || key == "role"
        if isRole ? parts.name != nil : parts.text != nil {
            parts.isRefused = true
            let other = isRole ? parts.roleKey : parts.textKey
            try fault(.repeatedPart(place: place(), key: key, other: other))
        }
        if isRole { parts.roleKey = key } else { parts.textKey = key }
        guard cursor.kind == .string else {
            parts.isRefused = true
            let isList = !isRole && cursor.kind == .array
            return try refuse(
                &cursor, "\(place()).\(key)", isList ? ItemTurns.noParts : "a string")
        }
        let string = try cursor.string()
        guard isRole else { return parts.text = string }
        parts.name = string
        parts.role = ConversationSample.Role(named: string)
        if parts.role == nil {
            try fault(.unknownRole(place: "\(place()).\(key)", name: string))
        }
    }
}

/// What is read of a turn so far.
private struct TurnParts {
    var name: String?
    var role: ConversationSample.Role?
    var text: String?
    /// The keys that the role and the text stand under.
    var roleKey = ""
    var textKey = ""
    /// Whether a fault was found in one of them.
    var isRefused = false
}
