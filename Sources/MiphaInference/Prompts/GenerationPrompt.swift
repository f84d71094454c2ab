public import MiphaImaging
import MiphaModels

/// The input of the model before it answers: token ids and the images their markers stand for.
///
/// Prompts are equal when their ids and the identities of their images are.
public struct GenerationPrompt: Sendable, Hashable {
    /// Ids; -200 stands for an image.
    public var ids: [Int]
    /// The images in the order of their markers.
    public var images: [PreparedImage]

    /// Creates a prompt.
    public init(ids: [Int], images: [PreparedImage] = []) {
        self.ids = ids
        self.images = images
    }

    /// Checks that ids, markers and images fit each other and the model.
    ///
    /// - Throws: `InferenceError` with code `invalidPrompt` naming the place.
    func check(_ model: MiphaModel, row: Int) throws(InferenceError) {
        func fail(_ message: String) -> InferenceError {
            InferenceError(.invalidPrompt, "prompt \(row): \(message)")
        }
        guard !ids.isEmpty else { throw fail("expected at least one id, found none") }
        let vocabulary = model.language.shape.vocabulary
        for (place, id) in ids.enumerated()
        where id != MarkerID.image && !(0..<vocabulary).contains(id) {
            throw fail(
                "ids[\(place)]: expected 0 to \(vocabulary - 1), or \(MarkerID.image) for an "
                    + "image, found \(id)")
        }
        let markers = ids.count { $0 == MarkerID.image }
        guard markers == images.count else {
            throw fail(
                "expected one image for each of the \(markers) markers, found \(images.count)")
        }
        let expected = model.tower.inputs.map(\.sizes)
        for (index, image) in images.enumerated()
        where !image.pixels.lazy.map(\.shape).elementsEqual(expected) {
            throw fail(
                "image \(index): expected \(Self.words(expected)) values, found "
                    + Self.words(image.pixels.map(\.shape)))
        }
    }

    private static func words(_ shapes: [[Int]]) -> String {
        shapes.map { $0.map(String.init).joined(separator: " x ") }.joined(separator: " and ")
    }
}
