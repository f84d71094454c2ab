extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Creates an object with the members of a dictionary literal, in its order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { Member(key: $0.0, value: $0.1) })
    }

    /// This object with the members of another one set or added.
    public func merging(_ other: JSONObject) -> JSONObject {
        var result = self
        for member in other.members { result[member.key] = member.value }
        return result
    }
}
