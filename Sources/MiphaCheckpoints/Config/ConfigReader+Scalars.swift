import MiphaFiles

extension ConfigReader {
    /// An integer; floats with an integral value such as `1e3` and `80.0` count.
    ///
    /// - Throws: `CheckpointError` when absent or another kind.
    public func int(_ key: String) throws(CheckpointError) -> Int {
        try required(key, "an integer", \.integerValue)
    }

    /// An integer, or the default when absent.
    public func int(_ key: String, default value: Int) throws(CheckpointError) -> Int {
        try optionalInt(key) ?? value
    }

    /// An integer, or nil when absent.
    public func optionalInt(_ key: String) throws(CheckpointError) -> Int? {
        has(key) ? try int(key) : nil
    }

    /// A number.
    ///
    /// - Throws: `CheckpointError` when absent or another kind.
    public func double(_ key: String) throws(CheckpointError) -> Double {
        try required(key, "a number", \.doubleValue)
    }

    /// A number, or the default when absent.
    public func double(_ key: String, default value: Double) throws(CheckpointError) -> Double {
        try optionalDouble(key) ?? value
    }

    /// A number, or nil when absent.
    public func optionalDouble(_ key: String) throws(CheckpointError) -> Double? {
        has(key) ? try double(key) : nil
    }

    /// A string.
    ///
    /// - Throws: `CheckpointError` when absent or another kind.
    public func string(_ key: String) throws(CheckpointError) -> String {
        try required(key, "a string", \.stringValue)
    }

    /// A string, or the default when absent.
    public func string(_ key: String, default value: String) throws(CheckpointError) -> String {
        try optionalString(key) ?? value
    }

    /// A string, or nil when absent.
    public func optionalString(_ key: String) throws(CheckpointError) -> String? {
        has(key) ? try string(key) : nil
    }

    /// A boolean.
    ///
    /// - Throws: `CheckpointError` when absent or another kind.
    public func bool(_ key: String) throws(CheckpointError) -> Bool {
        try required(key, "true or false", \.boolValue)
    }

    /// A boolean, or the default when absent.
    public func bool(_ key: String, default value: Bool) throws(CheckpointError) -> Bool {
        try optionalBool(key) ?? value
    }

    /// A boolean, or nil when absent.
    public func optionalBool(_ key: String) throws(CheckpointError) -> Bool? {
        has(key) ? try bool(key) : nil
    }

    /// An array of integers.
    ///
    /// - Throws: `CheckpointError` when absent or an element is another kind, naming its position.
    public func ints(_ key: String) throws(CheckpointError) -> [Int] {
        try elements(key, "an array of integers", "an integer", \.integerValue)
    }

    /// An array of integers, or the default when absent.
    public func ints(_ key: String, default value: [Int]) throws(CheckpointError) -> [Int] {
        has(key) ? try ints(key) : value
    }

    /// An array of numbers.
    ///
    /// - Throws: `CheckpointError` when absent or an element is another kind, naming its position.
    public func doubles(_ key: String) throws(CheckpointError) -> [Double] {
        try elements(key, "an array of numbers", "a number", \.doubleValue)
    }

    /// An array of numbers, or the default when absent.
    public func doubles(
        _ key: String, default value: [Double]
    ) throws(CheckpointError) -> [Double] {
        has(key) ? try doubles(key) : value
    }

    /// An array of strings.
    ///
    /// - Throws: `CheckpointError` when absent or an element is another kind, naming its position.
    public func strings(_ key: String) throws(CheckpointError) -> [String] {
        try elements(key, "an array of strings", "a string", \.stringValue)
    }

    /// An array of strings, or the default when absent.
    public func strings(
        _ key: String, default value: [String]
    ) throws(CheckpointError) -> [String] {
        has(key) ? try strings(key) : value
    }

    /// A string out of a closed set.
    ///
    /// - Throws: `CheckpointError` when absent, not a string, or not the raw value of a case; the
    ///   message lists the known values.
    public func enumValue<Value>(
        _ key: String, of type: Value.Type = Value.self
    ) throws(CheckpointError) -> Value
    where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        guard case .string(let text) = value(key), let value = Value(rawValue: text) else {
            let known = Value.allCases.map(\.rawValue.quoted).joined(separator: ", ")
            throw failure(key, expected: "one of " + known)
        }
        return value
    }

    /// A string out of a closed set, or the default when absent.
    public func enumValue<Value>(
        _ key: String, default value: Value
    ) throws(CheckpointError) -> Value
    where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        has(key) ? try enumValue(key, of: Value.self) : value
    }

    private func required<Value>(
        _ key: String, _ expected: String, _ read: (JSONValue) -> Value?
    ) throws(CheckpointError) -> Value {
        guard let value = value(key).flatMap(read) else { throw failure(key, expected: expected) }
        return value
    }

    private func elements<Value>(
        _ key: String, _ expected: String, _ element: String, _ read: (JSONValue) -> Value?
    ) throws(CheckpointError) -> [Value] {
        guard case .array(let elements) = value(key) else {
            throw failure(key, expected: expected)
        }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for (position, json) in elements.enumerated() {
            guard let value = read(json) else {
                throw CheckpointError(
                    .invalidConfig,
                    "\(file): \(path(of: key))[\(position)]: expected \(element), "
                        + "found \(json.summary)")
            }
            values.append(value)
        }
        return values
    }
}
