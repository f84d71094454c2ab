import MiphaBenchmarks

/// Cuts open questions into lists that are handed to the model one after another.
///
/// Questions on the same images stand in one list, so that the model sees each image once; the
/// model divides a list further where memory asks for it. Groups of similar length share a list, so
/// that short questions do not wait for long ones. The longest come first: when memory is too small
/// it shows at once, and the time that is left is not underestimated.
struct QuestionBatches {
    let groupsByPicture: Bool
    /// Number of questions at which a list is closed.
    let rows: Int

    func batches(_ questions: [PlannedQuestion]) -> [[PlannedQuestion]] {
        guard groupsByPicture else { return questions.map { [$0] } }
        var batches: [[PlannedQuestion]] = []
        for group in groups(questions) {
            if let last = batches.last, last.count + group.count <= rows {
                batches[batches.count - 1] += group
            } else {
                batches.append(group)
            }
        }
        return batches
    }

    private func groups(_ questions: [PlannedQuestion]) -> [[PlannedQuestion]] {
        var groups: [[PlannedQuestion]] = []
        var places: [[String]: Int] = [:]
        for question in questions {
            let pictures = question.pictures
            if !pictures.isEmpty, let place = places[pictures] {
                groups[place].append(question)
            } else {
                places[pictures] = groups.count
                groups.append([question])
            }
        }
        let lengths = groups.map { $0.map(\.question.text.utf8.count).max() ?? 0 }
        return groups.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }.map { groups[$0] }
    }
}
