/// The outlines a scene is made of.
package enum Outline: String, CaseIterable, Sendable {
    case circle, square, triangle, cross, diamond
}

/// The colours of the shapes.
package enum Colour: String, CaseIterable, Sendable {
    case red, green, blue, yellow, purple, orange

    /// Red, green and blue of the pure colour, 0…255.
    var rgb: (Double, Double, Double) {
        switch self {
        case .red: (214, 40, 40)
        case .green: (44, 160, 70)
        case .blue: (46, 84, 220)
        case .yellow: (244, 208, 48)
        case .purple: (140, 60, 180)
        case .orange: (248, 136, 24)
        }
    }
}

/// The two sizes of the shapes.
package enum Extent: String, CaseIterable, Sendable {
    case small, large

    /// The radius of the shape as a part of the cell's side.
    var radius: Double {
        switch self {
        case .small: 0.27
        case .large: 0.44
        }
    }
}

/// One of the nine cells of a picture.
package struct Place: Hashable, Sendable {
    /// The row, 0 at the top.
    package let row: Int

    /// The column, 0 at the left.
    package let column: Int

    /// The cells in reading order.
    package static let all = (0..<9).map { Place(row: $0 / 3, column: $0 % 3) }

    /// What people call the cell.
    package var name: String {
        switch (row, column) {
        case (1, 1): "center"
        case (_, 1): row == 0 ? "top" : "bottom"
        case (1, _): column == 0 ? "left" : "right"
        default: "\(row == 0 ? "top" : "bottom") \(column == 0 ? "left" : "right")"
        }
    }
}

/// One coloured shape of a scene.
package struct SceneShape: Sendable {
    package let outline: Outline
    package let colour: Colour
    package let extent: Extent
    package let place: Place

    /// How far the centre lies right of and below the middle of its cell, in parts of the cell.
    let offset: (x: Double, y: Double)

    /// What is added to the pure colour, in steps of 0…255.
    let tint: (Double, Double, Double)

    /// Size, colour and outline in words.
    package var name: String { "\(extent.rawValue) \(colour.rawValue) \(outline.rawValue)" }
}

/// What a picture shows: shapes of different outlines and colours in different cells.
package struct Scene: Sendable {
    /// The shapes in reading order of their cells.
    package let shapes: [SceneShape]

    /// Red, green and blue behind the shapes, 0…255.
    let background: (Double, Double, Double)
}
