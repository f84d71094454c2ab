import MiphaFiles
import Synchronization

/// What was seen of the fields of the files that were read, for remarks.
///
/// A name that no list has is remarked on once for each file; a refused one is an error where it
/// stands.
final class FieldWatch: Sendable {
    private struct State {
        var files: [String] = []
        var unknown: [ExactString: [String]] = [:]
        var chosen: Set<String> = []
        var isBesideQuestion = false
        var remarks: [String] = []
    }

    /// How many names a remark lists.
    private static let shown = 8

    private let state = Mutex(State())

    /// Compares the names of a record with a list.
    ///
    /// - Parameters:
    ///   - file: the file, for the remark.
    ///   - place: where the record stands, for the error.
    /// - Throws: `EvaluationError` naming a refused field that is there and not null.
    func check(
        _ object: JSONObject, _ list: FieldList, in file: String, _ place: String
    ) throws(EvaluationError) {
        for member in object.members where !list.knows(member.key) {
            if let reason = list.refusal(of: member.key) {
                if member.value.isNull { continue }
                throw EvaluationError(
                    .wrongFile, "\(place): the field \"\(member.key)\" is not honoured: \(reason)")
            }
            see(member.key, in: file)
        }
    }

    /// Compares the names of columns with a list.
    func check(columns: [String], _ list: FieldList, in file: String) {
        for name in columns where !list.knows(name) { see(name, in: file) }
    }

    /// Remembers a name that no list has.
    func see(_ name: String, in file: String) {
        state.withLock { state in
            let key = ExactString(file)
            if state.unknown[key] == nil { state.files.append(file) }
            if state.unknown[key]?.contains(name) != true {
                state.unknown[key, default: []].append(name)
            }
        }
    }

    /// Remembers which field was taken for the model's answer.
    func chose(_ name: String, besideQuestion: Bool) {
        state.withLock { state in
            if !state.chosen.contains(name) { state.chosen.insert(name) }
            if besideQuestion { state.isBesideQuestion = true }
        }
    }

    /// Adds a remark, once.
    func remark(_ text: String) {
        state.withLock { state in
            if !state.remarks.contains(text) { state.remarks.append(text) }
        }
    }

    /// Whether answers were taken from a field that may also hold the question or the right answer.
    var isUncertain: Bool {
        state.withLock { $0.chosen.contains("answer") || $0.chosen.contains("text") }
    }

    /// Whether all answers were taken from `answer`, with the question beside it.
    var isLikeAnnotations: Bool {
        state.withLock { $0.chosen == ["answer"] && $0.isBesideQuestion }
    }

    /// The remarks, and one for each file with names that no list has.
    var notes: [String] {
        state.withLock { state in
            state.remarks
                + state.files.map { file in
                    let names = state.unknown[ExactString(file)] ?? []
                    let more =
                        names.count > Self.shown ? " and \(names.count - Self.shown) more" : ""
                    return "\(file): nothing reads the "
                        + (names.count == 1 ? "field " : "fields ")
                        + names.prefix(Self.shown).map(\.quoted).joined(separator: ", ") + more
                        + "; docs/fields-benchmarks.md lists what is read"
                }
        }
    }
}
