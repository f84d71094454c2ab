/// What this program does with each field of a JSON file that other programs write.
///
/// The list stands beside the code that reads the file, is checked whenever one is read, and is what
/// `docs/fields.md` prints. So a field that would change results is used or refused, and one that is
/// on no list is told of.
public struct FileFields: Sendable {
    /// What is done with a field.
    public enum Rule: Sendable {
        /// It is read and acted on; the reader refuses values it cannot do.
        case used
        /// It changes nothing that this program computes.
        case harmless
        /// It is not followed; a note says so, unless the value is one of these.
        case told(unless: [JSONValue])
        /// Other values than these, absent and null would change results, and are refused.
        case only([JSONValue])
        /// Other values than these would change what training does, and are refused there.
        case onlyInTraining([JSONValue])
        /// An object with fields of its own; other values but null are refused.
        case object(FileFields)
    }

    /// Fields that share a rule.
    public struct Field: Sendable {
        /// Names, those of older and newer versions too.
        package let names: [String]
        /// What is done with them.
        package let rule: Rule
        /// Why, or what else is to be known; ends messages about refused values.
        package let remark: String
    }

    /// What was found in a file.
    package struct Findings: Sendable, Equatable {
        /// Messages about values that cannot be followed.
        package var refused: [String] = []
        /// Messages about values that training cannot follow.
        package var refusedInTraining: [String] = []
        /// Messages about values that are not followed.
        package var told: [String] = []
        /// Paths of fields that are on no list.
        package var unknown: [String] = []

        /// Nothing that is to be told.
        package init() {}

        /// What people are told.
        ///
        /// - Parameter file: how messages call the file.
        package func notes(_ file: String) -> [String] {
            guard !unknown.isEmpty else { return told }
            return told + [
                "\(file): fields that are not known here and have no effect: "
                    + unknown.joined(separator: ", ")
            ]
        }
    }

    /// Which file, and which part of it.
    package let title: String
    /// The fields.
    package let fields: [Field]

    /// Creates a list; of fields named twice the first counts.
    package init(_ title: String, _ fields: [Field]) {
        self.title = title
        self.fields = fields
    }

    /// Compares an object with the list; fields whose value is null count as absent.
    ///
    /// - Parameters:
    ///   - file: how messages call the file.
    ///   - path: the keys that lead to the object, joined by dots.
    package func examine(_ object: JSONObject, file: String, path: String = "") -> Findings {
        var findings = Findings()
        for member in object.members where !member.value.isNull {
            let place = path.isEmpty ? member.key : "\(path).\(member.key)"
            guard let field = fields.first(where: { $0.names.contains(member.key) }) else {
                findings.unknown.append(place)
                continue
            }
            switch field.rule {
            case .used, .harmless: break
            case .told(let quiet):
                guard !quiet.contains(where: { $0.means(member.value) }) else { break }
                findings.told.append(
                    "\(file): \(place) \(member.value.told) is not followed; \(field.remark)")
            case .only(let values):
                if let message = field.refusal(of: member.value, values, "\(file): \(place)") {
                    findings.refused.append(message)
                }
            case .onlyInTraining(let values):
                if let message = field.refusal(of: member.value, values, "\(file): \(place)") {
                    findings.refusedInTraining.append(message)
                }
            case .object(let inner):
                guard let object = member.value.objectValue else {
                    findings.refused.append(
                        "\(file): \(place): expected an object, or no such key, found "
                            + member.value.summary)
                    continue
                }
                let found = inner.examine(object, file: file, path: place)
                findings.refused += found.refused
                findings.refusedInTraining += found.refusedInTraining
                findings.told += found.told
                findings.unknown += found.unknown
            }
        }
        return findings
    }
}

extension FileFields.Field {
    /// Names with blanks between, as in `"use_cache return_dict"`.
    package init(_ names: String, _ rule: FileFields.Rule, _ remark: String = "") {
        self.init(
            names: names.split(separator: " ").map(String.init), rule: rule, remark: remark)
    }

    fileprivate func refusal(
        of value: JSONValue, _ allowed: [JSONValue], _ place: String
    ) -> String? {
        guard !allowed.contains(where: { $0.means(value) }) else { return nil }
        let words = allowed.map(\.summary).joined(separator: " or ")
        let expected = allowed.isEmpty ? "no such key" : "\(words), or no such key"
        let reason = remark.isEmpty ? "" : "; \(remark)"
        return "\(place): expected \(expected), found \(value.summary)\(reason)"
    }
}

extension JSONValue {
    /// The value in a note, where its kind goes without saying.
    fileprivate var told: String { (try? text(.compact)).map { String($0.prefix(60)) } ?? summary }

    /// Whether two values are equal, numbers by what they are worth.
    fileprivate func means(_ other: JSONValue) -> Bool {
        if let own = doubleValue, let value = other.doubleValue { return own == value }
        return self == other
    }
}
