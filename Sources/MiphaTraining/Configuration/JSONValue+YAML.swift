import MiphaFiles
import Yams

extension JSONValue {
    /// The value of a YAML node by YAML 1.2's core schema; `nil` for keys that are not strings.
    ///
    /// Numbers are decimal ones, and truth values are `true` and `false`: what other versions of
    /// YAML or other languages know besides (`yes`, `0x10`, `1_000`, `.nan`) is text.
    ///
    /// - Parameter room: how many values may still come, aliases (`*name`) expanded; below 0 where
    ///   there were more, and the result is `nil`.
    init?(yaml node: Node, room: inout Int) {
        room -= 1
        guard room >= 0 else { return nil }
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, value) in mapping {
                guard let name = key.string, !name.contains(where: \.isNewline),
                    let converted = JSONValue(yaml: value, room: &room)
                else { return nil }
                object[name] = converted
            }
            self = .object(object)
        case .sequence(let sequence):
            var values: [JSONValue] = []
            for element in sequence {
                guard let value = JSONValue(yaml: element, room: &room) else { return nil }
                values.append(value)
            }
            self = .array(values)
        case .scalar(let scalar):
            if scalar.style != .plain {
                self = .string(scalar.string)
            } else if node.null != nil {
                self = .null
            } else if let bool = node.bool, ["true", "false"].contains(scalar.string.lowercased()) {
                self = .bool(bool)
            } else if scalar.string.wholeMatch(of: /[-+]?[0-9]+/) != nil,
                let integer = Int(scalar.string)
            {
                self = .integer(integer)
            } else if scalar.string.wholeMatch(
                of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil,
                let number = Double(scalar.string)
            {
                self = .double(number)
            } else {
                self = .string(scalar.string)
            }
        default:
            return nil
        }
    }
}
