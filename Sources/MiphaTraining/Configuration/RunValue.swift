package import MiphaCheckpoints
package import MiphaFiles

/// The functions that read, write and describe the values of a key of run files.
package struct RunValue<Value>: Sendable {
    /// The accepted values for documents, such as "From 0 to 1"; empty where any is accepted.
    package let words: String
    /// The accepted values of a closed set; empty for others.
    package let choices: [JSONValue]
    /// Reads the value of a key that is present.
    package let read: @Sendable (ConfigReader, String) throws(CheckpointError) -> Value
    /// The value as ``read`` accepts it.
    package let write: @Sendable (Value) -> JSONValue

    init(
        _ words: String = "", choices: [JSONValue] = [],
        read: @escaping @Sendable (ConfigReader, String) throws(CheckpointError) -> Value,
        write: @escaping @Sendable (Value) -> JSONValue
    ) {
        self.words = words
        self.choices = choices
        self.read = read
        self.write = write
    }

    /// Restricts the values to those that fulfil a condition.
    ///
    /// - Parameters:
    ///   - words: the accepted values for documents.
    ///   - expected: the accepted values for error messages.
    func only(
        _ words: String, expected: String, where isAccepted: @escaping @Sendable (Value) -> Bool
    ) -> RunValue {
        let read = read
        return RunValue(
            words, choices: choices,
            read: { (reader, key) throws(CheckpointError) in
                let value = try read(reader, key)
                guard isAccepted(value) else { throw reader.failure(key, expected: expected) }
                return value
            },
            write: write)
    }
}

extension RunValue where Value == Bool {
    static var flag: RunValue {
        RunValue(
            choices: [true, false],
            read: { (reader, key) throws(CheckpointError) in try reader.bool(key) },
            write: { .bool($0) })
    }
}

extension RunValue where Value == String {
    static var text: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in try reader.string(key) },
            write: { .string($0) })
    }
}

extension RunValue where Value == String {
    /// Paths, of which none is empty.
    static var path: RunValue {
        text.only("", expected: "a path that is not empty") { !$0.isEmpty }
    }
}

extension RunValue where Value == Int {
    static var integer: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in try reader.int(key) },
            write: { .integer($0) })
    }

    /// Numbers from 1.
    static var count: RunValue {
        integer.only("", expected: "a number from 1 to 1000000000") {
            (1...1_000_000_000).contains($0)
        }
    }

    /// Numbers from 1 to `limit`.
    static func count(to limit: Int) -> RunValue {
        count.only("From 1 to \(limit)", expected: "a number from 1 to \(limit)") { $0 <= limit }
    }

    /// Numbers of updates between two events of which 0 means none.
    static func updates(to limit: Int = .max) -> RunValue {
        integer.only("", expected: "a number of updates, or 0 for none") {
            (0...limit).contains($0)
        }
    }
}

extension RunValue where Value == Double {
    static var number: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in try reader.double(key) },
            write: { .double($0) })
    }

    /// Numbers from 0 to `limit`, which is finite.
    static func from0(to limit: Double) -> RunValue {
        number.only("From 0", expected: "a number from 0") { $0 >= 0 && $0 <= limit }
    }

    /// Numbers above 0 up to `limit`, which is finite.
    static func above0(to limit: Double) -> RunValue {
        number.only("Above 0", expected: "a number above 0") { $0 > 0 && $0 <= limit }
    }

    static var from0To1: RunValue {
        number.only("From 0 to 1", expected: "a number from 0 to 1") { (0...1).contains($0) }
    }

    static var from0ToBelow1: RunValue {
        number.only("From 0 to below 1", expected: "a number from 0 to below 1") {
            (0..<1).contains($0)
        }
    }
}

extension RunValue
where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// The raw value of any case.
    static var choice: RunValue {
        choice(of: Array(Value.allCases)) { (reader, key) throws(CheckpointError) in
            try reader.enumValue(key)
        }
    }

    /// The raw value of some cases.
    ///
    /// - Parameter expected: these values for error messages.
    static func choice(of values: [Value], expected: String) -> RunValue {
        choice(of: values) { (reader, key) throws(CheckpointError) in
            let name = try reader.string(key)
            guard let value = values.first(where: { $0.rawValue == name }) else {
                throw reader.failure(key, expected: expected)
            }
            return value
        }
    }

    private static func choice(
        of values: [Value],
        read: @escaping @Sendable (ConfigReader, String) throws(CheckpointError) -> Value
    ) -> RunValue {
        RunValue(
            "One of " + values.map { "`\($0.rawValue)`" }.joined(separator: ", "),
            choices: values.map { .string($0.rawValue) }, read: read,
            write: { .string($0.rawValue) })
    }
}
