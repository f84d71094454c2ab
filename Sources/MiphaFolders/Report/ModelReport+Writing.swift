import MiphaChat
import MiphaCheckpoints
public import MiphaFiles
import MiphaModels

extension ModelReport {
    /// The report as a JSON object.
    public var json: JSONValue {
        let config = folder.config
        let parameters = JSONObject(
            parts.map {
                JSONObject.Member(
                    key: $0.name.replacing(" ", with: "_"), value: .integer($0.parameters))
            } + [JSONObject.Member(key: "total", value: .integer(parameterCount))])
        return [
            "model": .string(folder.path), "layout": .string(config.layout.rawValue),
            "architecture": [
                "vision": .object(config.vision.report),
                "projector": .string(config.projector.kind.name),
                "language": .object(config.language.report),
                "image_aspect_ratio": .string(aspectRatio),
                "context_length": .integer(folder.contextLength),
            ],
            "parameters": .object(parameters), "bytes": .integer(bytes),
            "dtypes": .object(
                JSONObject(
                    dtypes.map {
                        JSONObject.Member(key: $0.name, value: .integer($0.parameters))
                    })),
            "template": .string(template),
            "tokenizer": Self.part(tokenizer) { ["tokens": .integer($0)] },
            "image_processor": Self.part(imageProcessor) { ["kind": .string($0)] },
            "notes": .array(notes.map { .string($0) }),
            "missing": .array(missing.map { .string($0) }),
            "unused": .array(unused.map { .string($0) }),
            "dropped": .array(dropped.map { .string($0) }),
            "mismatched": .array(mismatched.map { .string($0) }),
        ]
    }

    private static func part<T>(
        _ result: Result<T, FolderError>, _ content: (T) -> JSONValue
    ) -> JSONValue {
        switch result {
        case .success(let value): content(value)
        case .failure(let error): ["error": .string(error.message)]
        }
    }

    /// The report in lines for people.
    public var text: String {
        let config = folder.config
        var lines = [
            "model        \(folder.path)",
            "layout       \(config.layout.rawValue)",
            "vision       \(config.vision.summary)",
            "projector    \(config.projector.kind.name), "
                + "\(config.projector.inputSize) to \(config.projector.outputSize)",
            "language     \(config.language.summary), context \(folder.contextLength)",
            "template     \(template), images \(aspectRatio)",
        ]
        switch tokenizer {
        case .success(let count): lines.append("tokenizer    \(count) tokens")
        case .failure(let error): lines.append("tokenizer    none: \(error.message)")
        }
        switch imageProcessor {
        case .success(let kind): lines.append("images       \(kind)")
        case .failure(let error): lines.append("images       none: \(error.message)")
        }
        lines.append("parameters   \(parameterCount.grouped(by: " "))")
        for part in parts {
            let name = part.name.padding(to: 18)
            lines.append("  \(name) \(part.parameters.grouped(by: " "))")
        }
        let types = dtypes.map { "\($0.name) \($0.parameters.grouped(by: " "))" }
        lines.append(
            "stored       \(types.joined(separator: ", ")); \(bytes.grouped(by: " ")) bytes")
        for (title, names) in [
            ("missing", missing), ("unused", unused), ("dropped", dropped),
            ("mismatched", mismatched),
        ] {
            lines.append("\(title.padding(to: 12)) \(names.isEmpty ? "none" : "\(names.count)")")
            lines += names.map { "  \($0)" }
        }
        lines += notes.map { "note         \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
