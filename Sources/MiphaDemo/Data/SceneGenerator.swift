package import MiphaFiles

/// Invents scenes from a seeded random stream.
package struct SceneGenerator: Sendable {
    /// Number of shapes that a scene may hold.
    package let shapeCount: ClosedRange<Int>

    /// How far a shape may lie off the middle of its cell, in parts of the cell.
    private static let room = 0.06

    private static let backgrounds: [(Double, Double, Double)] = [
        (128, 128, 128), (112, 116, 128), (144, 138, 124), (120, 132, 120), (104, 104, 108),
        (150, 150, 150),
    ]

    /// Makes a generator of scenes with so many shapes.
    ///
    /// - Parameter shapeCount: between 1 and the number of outlines.
    package init(shapeCount: ClosedRange<Int>) {
        self.shapeCount = shapeCount
    }

    /// Returns a new scene.
    ///
    /// Outlines, colours and cells are drawn without replacement, so `the circle`, `the red shape`
    /// and `the shape at the top` each name at most one shape.
    package func scene(using random: inout SplitMix64) -> Scene {
        let count = random.integer(in: shapeCount)
        let outlines = random.sample(count, of: Outline.allCases)
        let colours = random.sample(count, of: Colour.allCases)
        let cells = Place.allCases
        let places = random.sample(count, of: Array(cells.indices)).sorted().map { cells[$0] }
        var shapes: [SceneShape] = []
        for index in 0..<count {
            let extent = random.element(of: Extent.allCases)
            let room = Self.room
            shapes.append(
                SceneShape(
                    outline: outlines[index], colour: colours[index], extent: extent,
                    place: places[index],
                    offset: (
                        random.real(from: -room, to: room), random.real(from: -room, to: room)
                    ),
                    tint: (
                        random.real(from: -14, to: 14), random.real(from: -14, to: 14),
                        random.real(from: -14, to: 14)
                    )))
        }
        let base = random.element(of: Self.backgrounds)
        let light = random.real(from: -8, to: 8)
        return Scene(
            shapes: shapes, background: (base.0 + light, base.1 + light, base.2 + light))
    }
}
