/// The property that a question of the demo asks for.
package enum QuestionKind: String, CaseIterable, Codable, Sendable {
    /// The colours of all shapes, in reading order.
    case colours

    /// The outline of a shape named by its colour.
    case shape

    /// The size of a shape named by its colour.
    case size

    /// The cell of a shape named by its colour.
    case place

    /// All other properties of a shape named by its colour.
    case describe

    /// The number of shapes.
    case count

    /// Whether a shape of some colour is there.
    case exists
}
