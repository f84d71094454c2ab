import MiphaImaging
import Testing

@Suite struct RGBImageTests {
    @Test func `samples must fit the size`() throws {
        for (width, height, count) in [(2, 2, 11), (2, 2, 13), (0, 1, 0), (-1, -1, 3)] {
            let error = try #require(throws: ImagingError.self) {
                try RGBImage(
                    width: width, height: height, pixels: [UInt8](repeating: 0, count: count))
            }
            #expect(error.code == .argument)
        }
        let error = try #require(throws: ImagingError.self) {
            try RGBImage(width: Int.max, height: 2, pixels: [])
        }
        #expect(error.code == .limit)
    }

    @Test func `padding centres the picture and rounds the offset down`() throws {
        let wide = try RGBImage(width: 4, height: 1, pixels: (0..<12).map { UInt8($0) })
        let padded = wide.paddedToSquare(fill: (100, 101, 102))
        let fill: [UInt8] = [100, 101, 102, 100, 101, 102, 100, 101, 102, 100, 101, 102]
        #expect(padded.pixels == fill + wide.pixels + fill + fill)
        let tall = try RGBImage(width: 1, height: 2, pixels: [1, 2, 3, 4, 5, 6])
        #expect(
            tall.paddedToSquare(fill: (9, 9, 9)).pixels == [1, 2, 3, 9, 9, 9, 4, 5, 6, 9, 9, 9])
        let square = try RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
        #expect(square.paddedToSquare(fill: (9, 9, 9)) == square)
    }

    @Test func `a written PNG reads back equal`() throws {
        for (width, height) in [(1, 1), (3, 7), (64, 64), (251, 13)] {
            let image = try GeneratedImage.make(
                width: width, height: height, pattern: "noise", seed: width)
            #expect(try RGBImage(decoding: image.pngData(), name: "written.png") == image)
        }
    }
}
