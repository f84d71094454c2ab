/// The outlines a scene is made of.
package enum Outline: String, CaseIterable, Sendable {
    case circle, square, triangle, cross
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
        case .small: 0.26
        case .large: 0.42
        }
    }
}

/// One of the four cells of an image.
package enum Place: String, CaseIterable, Sendable {
    case topLeft = "top left"
    case topRight = "top right"
    case bottomLeft = "bottom left"
    case bottomRight = "bottom right"

    /// Number of cells along one side of an image.
    package static let gridSide = 2

    /// The row, 0 at the top.
    package var row: Int { self == .topLeft || self == .topRight ? 0 : 1 }

    /// The column, 0 at the left.
    package var column: Int { self == .topLeft || self == .bottomLeft ? 0 : 1 }
}

/// One coloured shape of a scene.
package struct SceneShape: Sendable {
    package let outline: Outline
    package let colour: Colour
    package let extent: Extent
    package let place: Place

    /// How far the centre lies right of and below the middle of its cell, in parts of the cell.
    ///
    /// The smooth edge stays inside the cell.
    let offset: (x: Double, y: Double)

    /// The offset from the pure colour, in steps of 0…255.
    let tint: (Double, Double, Double)
}

/// The content of an image: shapes of different outlines and colours in different cells.
package struct Scene: Sendable {
    /// The shapes in reading order of their cells.
    package let shapes: [SceneShape]

    /// Red, green and blue of the background, 0…255.
    let background: (Double, Double, Double)
}
