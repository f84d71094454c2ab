/// A part of an image that need not exist as a whole.
struct PixelWindow: Equatable {
    /// The columns.
    var columns: Range<Int>
    /// The rows.
    var rows: Range<Int>

    /// The whole image.
    init(width: Int, height: Int) {
        columns = 0..<width
        rows = 0..<height
    }

    /// The centre of an image, or of each side all when there is not enough.
    ///
    /// The part starts at half the difference, rounded down.
    init(centre crop: ImageProcessor.Crop, width: Int, height: Int) {
        self.init(width: width, height: height)
        if width > crop.width { columns = Self.centre(width, crop.width) }
        if height > crop.height { rows = Self.centre(height, crop.height) }
    }

    private static func centre(_ side: Int, _ part: Int) -> Range<Int> {
        let start = (side - part) / 2
        return start..<start + part
    }
}

/// A square of one colour in whose centre an image lies.
///
/// The offset on the shorter axis is `(longer - shorter) / 2`, rounded down. Reference:
/// zhuyiche/llava-phi, `mipha/mm_utils.py`, `expand2square`.
struct SquareCanvas {
    let side: Int
    let left: Int
    let top: Int
    let fill: (UInt8, UInt8, UInt8)

    init(around image: RGBImage, fill: (UInt8, UInt8, UInt8)) {
        side = max(image.width, image.height)
        left = (side - image.width) / 2
        top = (side - image.height) / 2
        self.fill = fill
    }
}

extension RGBImage {
    /// Returns pixels of the image, or of a canvas on which it lies, by their columns and rows.
    func picked(columns: some Sequence<Int>, rows: [Int], on canvas: SquareCanvas?) -> RGBImage {
        let left = canvas?.left ?? 0
        let top = canvas?.top ?? 0
        let places = columns.map { $0 - left }
        let fill = canvas?.fill ?? (0, 0, 0)
        var samples = [UInt8]()
        samples.reserveCapacity(3 * places.count * rows.count)
        for row in rows {
            let isInside = (0..<height).contains(row - top)
            for place in places {
                if isInside, (0..<width).contains(place) {
                    let index = 3 * ((row - top) * width + place)
                    samples.append(pixels[index])
                    samples.append(pixels[index + 1])
                    samples.append(pixels[index + 2])
                } else {
                    samples.append(fill.0)
                    samples.append(fill.1)
                    samples.append(fill.2)
                }
            }
        }
        return RGBImage(uncheckedWidth: places.count, height: rows.count, pixels: samples)
    }

    /// Returns a part of the image.
    func part(_ window: PixelWindow) -> RGBImage {
        guard window != PixelWindow(width: width, height: height) else { return self }
        var samples = [UInt8]()
        samples.reserveCapacity(3 * window.columns.count * window.rows.count)
        for row in window.rows {
            let start = 3 * (row * width + window.columns.lowerBound)
            samples.append(contentsOf: pixels[start..<start + 3 * window.columns.count])
        }
        return RGBImage(
            uncheckedWidth: window.columns.count, height: window.rows.count, pixels: samples)
    }
}
