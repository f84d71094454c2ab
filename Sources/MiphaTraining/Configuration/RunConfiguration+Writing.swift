public import MiphaFiles

extension RunConfiguration {
    /// The keys of a run file, in the order in which they are written.
    package static let keys = RunKey.all.map(\.name)

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
