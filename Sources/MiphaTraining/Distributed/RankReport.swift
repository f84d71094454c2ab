import MiphaFiles

/// The records of a process other than rank 0 for the run's log, as a text to be sent.
enum RankReport {
    /// The text of some incidents; empty for none.
    static func text(_ incidents: [Incident]) throws -> String {
        guard !incidents.isEmpty else { return "" }
        return try JSONValue.array(incidents.map { .object($0.json) }).text(.compact)
    }

    /// The incidents of a text, as those of a rank.
    static func incidents(_ text: String, rank: Int) throws -> [Incident] {
        guard !text.isEmpty else { return [] }
        return (try JSONValue(parsing: text).arrayValue ?? []).compactMap { line in
            guard let kind = line["kind"]?.stringValue.flatMap(Incident.Kind.init) else {
                return nil
            }
            var incident = Incident(
                kind, step: line["step"]?.integerValue ?? 0,
                samples: (line["samples"]?.arrayValue ?? []).compactMap(\.stringValue),
                message: line["message"]?.stringValue ?? "")
            incident.rank = rank
            return incident
        }
    }
}
