import MiphaModels

/// What the model reads before it answers: token ids and the pictures their markers stand for.
public struct GenerationPrompt: Sendable, Hashable {
    /// Ids; -200 stands for a picture.
    public var ids: [Int]
    /// Each picture's `[3, side, side]` values in row-major order, in the order of the markers.
    public var pictures: [[Float]]

    /// Creates a prompt.
    public init(ids: [Int], pictures: [[Float]] = []) {
        self.ids = ids
        self.pictures = pictures
    }

    /// Checks that ids, markers and pictures fit each other and the model.
    ///
    /// - Throws: `InferenceError` with code `invalidPrompt` naming the place.
    func check(_ model: MiphaModel, row: Int) throws(InferenceError) {
        func fail(_ message: String) -> InferenceError {
            InferenceError(.invalidPrompt, "prompt \(row): \(message)")
        }
        guard !ids.isEmpty else { throw fail("expected at least one id, found none") }
        let vocabulary = model.language.vocabularySize
        for (place, id) in ids.enumerated()
        where id != MarkerID.image && !(0..<vocabulary).contains(id) {
            throw fail(
                "ids[\(place)]: expected 0 to \(vocabulary - 1), or \(MarkerID.image) for a "
                    + "picture, found \(id)")
        }
        let markers = ids.count { $0 == MarkerID.image }
        guard markers == pictures.count else {
            throw fail(
                "expected one picture for each of the \(markers) markers, found \(pictures.count)")
        }
        let side = model.tower.imageSize
        for (index, values) in pictures.enumerated() where values.count != 3 * side * side {
            throw fail(
                "picture \(index): expected \(3 * side * side) values (3 x \(side) x \(side)), "
                    + "found \(values.count)")
        }
    }
}
