extension Scene {
    /// How many classes each of the three properties of a cell has; class 0 is an empty cell.
    package static let classCounts = [
        Outline.allCases.count + 1, Colour.allCases.count + 1, Extent.allCases.count + 1,
    ]

    /// The contents of the nine cells as class numbers, `[cell, property]` row-major.
    ///
    /// The properties are outline, colour and size in the order of ``classCounts``. These labels
    /// give the demo's vision tower the sight that a downloaded SigLIP would bring along.
    package var cellLabels: [Int] {
        var labels = [Int](repeating: 0, count: 27)
        for shape in shapes {
            let start = 3 * (3 * shape.place.row + shape.place.column)
            labels[start] = 1 + (Outline.allCases.firstIndex(of: shape.outline) ?? 0)
            labels[start + 1] = 1 + (Colour.allCases.firstIndex(of: shape.colour) ?? 0)
            labels[start + 2] = 1 + (Extent.allCases.firstIndex(of: shape.extent) ?? 0)
        }
        return labels
    }
}
