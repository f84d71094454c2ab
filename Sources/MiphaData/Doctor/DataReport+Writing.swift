public import MiphaFiles

extension DataReport {
    /// The report as JSON: every kind of problem with its count, also those that were not found.
    public var json: JSONValue {
        [
            "files": .array(
                files.map { ["file": .string($0.path), "samples": .integer($0.samples)] }),
            "samples": .integer(samples),
            "text_only": .integer(textOnly),
            "pictures": .integer(pictures),
            "picture_references": .integer(references),
            "unknown_keys": .array(
                unknownKeys.entries.map {
                    ["key": .string($0.key), "samples": .integer($0.samples)]
                }),
            "benchmarks": .array(
                benchmarks.map {
                    [
                        "path": .string($0.path), "pictures": .integer($0.pictures),
                        "unreadable": .integer($0.unreadable),
                    ]
                }),
            "limit": ["length": .integer(limit.count), "unit": .string(limit.unit)],
            "errors": .integer(errors),
            "warnings": .integer(warnings),
            "problems": .array(problems.map(\.json)),
        ]
    }

    /// The report for people: totals, a line for each kind that was found, its first places.
    ///
    /// - Parameter places: places to show of each kind.
    public func text(places: Int = 3) -> String {
        var lines: [String] = []
        for file in files { lines.append("\(file.path): \(Self.count(file.samples, "sample"))") }
        lines.append(
            "\(Self.count(samples, "sample")), \(textOnly) without images; "
                + "\(Self.count(pictures, "image")) named \(references) times")
        for benchmark in benchmarks {
            let rest = benchmark.unreadable > 0 ? ", \(benchmark.unreadable) unreadable" : ""
            lines.append("\(benchmark.path): \(Self.count(benchmark.pictures, "image"))\(rest)")
        }
        let found = problems.filter { $0.count > 0 }
        if !found.isEmpty { lines += [""] + Self.table(found) }
        if !unknownKeys.entries.isEmpty {
            lines += ["", "keys that are not read: \(unknownKeys.text)"]
        }
        for problem in found where !problem.places.isEmpty && places > 0 {
            lines += ["", "\(problem.kind.rawValue):"]
            lines += problem.places.prefix(places).map { "  \($0.text)" }
            let more = problem.count - min(places, problem.places.count)
            if more > 0 { lines.append("  and \(more) more") }
        }
        lines += [
            "",
            found.isEmpty
                ? "no problem of \(problems.count) kinds"
                : "\(Self.count(errors, "error")), \(Self.count(warnings, "warning")); "
                    + "\(problems.count - found.count) of \(problems.count) kinds were not found",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func count(_ count: Int, _ what: String) -> String {
        "\(count) \(what)\(count == 1 ? "" : "s")"
    }

    private static func table(_ problems: [Problem]) -> [String] {
        var rows = [["problem", "severity", "count", "of", "samples"]]
        rows += problems.map {
            [
                $0.kind.rawValue, $0.kind.severity.rawValue, "\($0.count)",
                $0.kind.unit.word, "\($0.samples)",
            ]
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let filler = String(repeating: " ", count: widths[column] - cell.count)
                return column == 2 || column == 4 ? filler + cell : cell + filler
            }
            return cells.joined(separator: "  ")
        }
    }
}

extension DataReport.Problem {
    /// The problem as JSON.
    var json: JSONValue {
        var object: JSONObject = [
            "class": .string(kind.rawValue),
            "severity": .string(kind.severity.rawValue),
            "count": .integer(count),
            "unit": .string(kind.unit.rawValue),
            "samples": .integer(samples),
        ]
        if let groups { object["groups"] = .integer(groups) }
        object["places"] = .array(places.map(\.json))
        object["left_off"] = .integer(count - places.count)
        return .object(object)
    }
}

extension DataReport.Place {
    /// One line.
    var text: String {
        var line = "\(file): item \(item)"
        if let id { line += " (id \(id.quoted))" }
        if let picture, !detail.contains(picture) { line += ": \(picture)" }
        return "\(line): \(detail)"
    }

    /// The place as JSON.
    var json: JSONValue {
        var object: JSONObject = ["file": .string(file), "item": .integer(item)]
        if let id { object["id"] = .string(id) }
        if let picture { object["picture"] = .string(picture) }
        object["detail"] = .string(detail)
        return .object(object)
    }
}
