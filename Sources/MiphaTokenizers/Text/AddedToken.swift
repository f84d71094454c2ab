/// A token that is looked for in the text before it is split into words.
struct AddedToken: Sendable, Equatable {
    var content: String
    var id: Int
    /// Matches only between scalars that are not `\w`.
    var singleWord = false
    /// Takes the white space before it along.
    var stripsLeft = false
    /// Takes the white space after it along.
    var stripsRight = false
    /// Belongs to the second of the two passes.
    var normalized = false
    /// Left out of decoded text on request.
    var special = false
}
