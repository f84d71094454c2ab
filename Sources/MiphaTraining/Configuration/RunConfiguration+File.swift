public import MiphaCheckpoints
public import MiphaFiles

extension RunConfiguration {
    /// The keys of a run file, in the order in which they are written.
    package static let keys = RunKey.all.map(\.name)

    /// Reads a YAML run file.
    ///
    /// - Parameter overrides: `key=value` settings that win over the file; values are YAML.
    /// - Throws: `CheckpointError` naming file and key for unknown keys and wrong values.
    public init(contentsOf path: String, overrides: [String] = []) throws {
        var file = try RunFile(contentsOf: path)
        for setting in overrides { try file.set(setting) }
        try self.init(file.reader)
    }

    /// Reads the values of a run file.
    ///
    /// - Throws: `CheckpointError` naming file and key for unknown keys and wrong values.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        try ForeignRunKeys.refuse(in: reader)
        try reader.refuseUnknownKeys(known: Self.keys)
        self.init()
        for key in RunKey.all { try key.read(reader, into: &self) }
    }

    /// The values under the keys of a run file.
    public var json: JSONObject {
        JSONObject(RunKey.all.map { .init(key: $0.name, value: $0.value(in: self)) })
    }

    /// The run file that repeats this run from any working folder, as YAML.
    ///
    /// - Parameters:
    ///   - threads: the number of threads of this run; another one may round differently.
    ///   - processes: the number of processes of this run.
    func resolvedYAML(threads: Int, processes: Int) throws -> String {
        var run = resolved
        (run.threads, run.processes) = (threads, processes)
        let lines = try run.json.members.map { "\($0.key): \(try $0.value.text(.compact))" }
        return lines.joined(separator: "\n") + "\n"
    }
}
