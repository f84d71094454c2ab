package import MiphaCheckpoints
package import MiphaFiles

/// One key of a run file: how it is read and written, and what documents say about it.
///
/// A key is one line in one of the lists that make up ``all``. Reading, writing, the comparison of
/// runs, `--list-keys` and the table in docs/training.md follow from these lists.
package struct RunKey: Sendable {
    /// The name in run files.
    package let name: String
    /// The meaning of the key, in one sentence of Markdown without links.
    package let meaning: String
    /// The accepted values for documents, such as "From 0 to 1"; empty where any is accepted.
    package let values: String
    /// The accepted values of a closed set; empty for others.
    package let choices: [JSONValue]
    /// Whether a run file has to have it.
    package private(set) var isRequired = false
    /// Whether another value leads to other weights, so that a run cannot resume with it.
    package private(set) var changesWeights = true
    /// Whether another value leads to another model before the first update, from the same files.
    package private(set) var changesStartModel = false
    /// The default in words where it is not a value.
    let absent: String
    private let reading:
        @Sendable (ConfigReader, String, inout RunConfiguration) throws(CheckpointError) -> Void
    private let writing: @Sendable (RunConfiguration) -> JSONValue

    /// The key of a setting that always has a value.
    init<Value>(
        _ name: String, _ path: any WritableKeyPath<RunConfiguration, Value> & Sendable,
        _ value: RunValue<Value>, _ meaning: String, absent: String = "none"
    ) {
        self.name = name
        self.meaning = meaning
        self.absent = absent
        (values, choices) = (value.words, value.choices)
        reading = { (reader, key, run) throws(CheckpointError) in
            run[keyPath: path] = try value.read(reader, key)
        }
        writing = { value.write($0[keyPath: path]) }
    }

    /// The key of a setting that may have no value, written as `null`.
    ///
    /// - Parameter absent: what no value means.
    init<Value>(
        optional name: String, _ path: any WritableKeyPath<RunConfiguration, Value?> & Sendable,
        _ value: RunValue<Value>, _ meaning: String, absent: String = "none"
    ) {
        let optional = RunValue<Value?>(
            value.words, choices: value.choices, read: value.read,
            write: { $0.map(value.write) ?? .null })
        self.init(name, path, optional, meaning, absent: absent)
    }

    /// The same key, which a run file has to have.
    var required: RunKey {
        var key = self
        key.isRequired = true
        return key
    }

    /// The same key, whose value changes no weights: it may differ between a run and its
    /// continuation.
    var withoutInfluence: RunKey {
        var key = self
        key.changesWeights = false
        return key
    }

    /// The same key, whose value changes the model that the run starts from.
    var ofStartModel: RunKey {
        var key = self
        key.changesStartModel = true
        return key
    }

    /// All keys, in the order in which they are written.
    package static let all =
        start + adapters + data + course + preference + optimization + process + validation
        + records + samples

    /// Reads the key into a run; one that is absent or `null` leaves the default.
    ///
    /// - Throws: `CheckpointError` naming file and key for wrong values, and for required keys that
    ///   are absent.
    package func read(
        _ reader: ConfigReader, into run: inout RunConfiguration
    ) throws(CheckpointError) {
        guard isRequired || reader.has(name) else { return }
        try reading(reader, name, &run)
    }

    /// The value under the key in the file of a run.
    package func value(in run: RunConfiguration) -> JSONValue { writing(run) }
}
