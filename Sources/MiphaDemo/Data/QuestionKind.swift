/// What a question of the demo asks for.
package enum QuestionKind: String, CaseIterable, Codable, Sendable {
    /// The colour of a shape named by its outline.
    case colour

    /// The outline of a shape named by its colour.
    case shape

    /// The size of a shape.
    case size

    /// The cell a shape is in.
    case place

    /// All of the other properties of a shape named by its outline or its colour.
    case describe

    /// The shape in a given cell, or that there is none.
    case cell

    /// The number of shapes.
    case count

    /// Whether a shape of some colour and outline is there.
    case exists

    /// Whether one shape lies above, below, left or right of another.
    case relation
}
