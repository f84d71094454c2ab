/// Draws scenes as RGB pixels with smooth edges.
package struct SceneRasterizer: Sendable {
    /// The side of the square image in pixels.
    package let side: Int

    /// Makes a rasteriser for images of one size.
    package init(side: Int) {
        self.side = side
    }

    /// Returns the samples of a scene, `[side, side, 3]` row-major, red first.
    ///
    /// A pixel takes the shape's colour in the measure `clamp(0.5 - d, 0, 1)`, where `d` is the
    /// distance in pixels from its centre to the outline, negative inside.
    package func pixels(of scene: Scene) -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: 3 * side * side)
        let back = Self.bytes(scene.background)
        for index in 0..<side * side {
            pixels[3 * index] = back.0
            pixels[3 * index + 1] = back.1
            pixels[3 * index + 2] = back.2
        }
        for shape in scene.shapes { draw(shape, on: &pixels) }
        return pixels
    }

    private func draw(_ shape: SceneShape, on pixels: inout [UInt8]) {
        let cell = Double(side) / Double(Place.gridSide)
        let radius = shape.extent.radius * cell
        let centreX = (Double(shape.place.column) + 0.5 + shape.offset.x) * cell
        let centreY = (Double(shape.place.row) + 0.5 + shape.offset.y) * cell
        let pure = shape.colour.rgb
        let colour = (pure.0 + shape.tint.0, pure.1 + shape.tint.1, pure.2 + shape.tint.2)
        for row in Self.span(centreY, radius, side) {
            for column in Self.span(centreX, radius, side) {
                let distance = Self.distance(
                    shape.outline, x: Double(column) + 0.5 - centreX,
                    y: Double(row) + 0.5 - centreY, radius: radius)
                let cover = min(max(0.5 - distance, 0), 1)
                let start = 3 * (row * side + column)
                pixels[start] = Self.blend(pixels[start], colour.0, cover)
                pixels[start + 1] = Self.blend(pixels[start + 1], colour.1, cover)
                pixels[start + 2] = Self.blend(pixels[start + 2], colour.2, cover)
            }
        }
    }

    /// The rows or columns a shape can touch.
    private static func span(_ centre: Double, _ radius: Double, _ side: Int) -> Range<Int> {
        let low = max(0, Int((centre - radius - 2).rounded(.down)))
        let high = min(side, Int((centre + radius + 2).rounded(.up)))
        return low..<max(low, high)
    }

    /// The signed distance from a point to an outline around the origin, in pixels.
    private static func distance(
        _ outline: Outline, x: Double, y: Double, radius: Double
    ) -> Double {
        let acrossX = abs(x)
        let acrossY = abs(y)
        switch outline {
        case .circle:
            return (x * x + y * y).squareRoot() - radius
        case .square:
            return max(acrossX, acrossY) - 0.88 * radius
        case .triangle:
            let slope = (2 * acrossX - (y + 0.95 * radius)) / 5.0.squareRoot()
            return max(y - 0.85 * radius, slope)
        case .cross:
            let arm = 0.34 * radius
            return min(max(acrossX - arm, acrossY - radius), max(acrossX - radius, acrossY - arm))
        }
    }

    private static func blend(_ under: UInt8, _ over: Double, _ cover: Double) -> UInt8 {
        byte(Double(under) * (1 - cover) + over * cover)
    }

    private static func bytes(_ colour: (Double, Double, Double)) -> (UInt8, UInt8, UInt8) {
        (byte(colour.0), byte(colour.1), byte(colour.2))
    }

    private static func byte(_ value: Double) -> UInt8 {
        UInt8(min(max(value.rounded(), 0), 255))
    }
}
