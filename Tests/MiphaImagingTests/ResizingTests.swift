import Foundation
import MiphaImaging
import Testing

/// One row of `resize.json`: sizes, filter, pattern, seed and the start of the SHA-256.
struct ResizeCase: Decodable, Sendable, CustomTestStringConvertible {
    let width: Int
    let height: Int
    let toWidth: Int
    let toHeight: Int
    let filter: String
    let pattern: String
    let seed: Int
    let digest: String

    init(from decoder: any Decoder) throws {
        var row = try decoder.unkeyedContainer()
        width = try row.decode(Int.self)
        height = try row.decode(Int.self)
        toWidth = try row.decode(Int.self)
        toHeight = try row.decode(Int.self)
        filter = try row.decode(String.self)
        pattern = try row.decode(String.self)
        seed = try row.decode(Int.self)
        digest = try row.decode(String.self)
    }

    var testDescription: String {
        "\(filter) \(pattern) \(seed): \(width) x \(height) to \(toWidth) x \(toHeight)"
    }
}

@Suite struct ResizingTests {
    struct Table: Decodable {
        let cases: [ResizeCase]
    }

    @Test(arguments: ResampleInstructions.allCases)
    func `resized bytes equal Pillow's`(_ instructions: ResampleInstructions) throws {
        let cases = try TestFolders.table(Table.self, "resize.json").cases
        #expect(cases.count >= 500)
        for entry in cases {
            let source = try GeneratedImage.make(
                width: entry.width, height: entry.height, pattern: entry.pattern, seed: entry.seed)
            let filter = try #require(resampleFilter(entry.filter))
            let result = try source.resized(
                width: entry.toWidth, height: entry.toHeight, filter: filter,
                instructions: instructions)
            #expect(result.width == entry.toWidth && result.height == entry.toHeight)
            #expect(sha256(result.pixels).prefix(32) == entry.digest, "\(entry.testDescription)")
        }
    }

    @Test func `all instruction sets give the same bytes`() throws {
        for seed in 0..<40 {
            let width = 1 + (seed * 37) % 150
            let height = 1 + (seed * 61) % 130
            let source = try GeneratedImage.make(
                width: width, height: height, pattern: "noise", seed: seed)
            let target = (1 + (seed * 91) % 170, 1 + (seed * 53) % 160)
            for filter in ResampleFilter.allCases {
                let results = try ResampleInstructions.allCases.map { instructions in
                    try source.resized(
                        width: target.0, height: target.1, filter: filter,
                        instructions: instructions)
                }
                #expect(results.allSatisfy { $0 == results[0] })
            }
        }
    }

    @Test func `resizing on a canvas equals padding and resizing`() throws {
        for seed in 0..<60 {
            let width = 1 + (seed * 29) % 120
            let height = 1 + (seed * 67) % 120
            let source = try GeneratedImage.make(
                width: width, height: height, pattern: "noise", seed: seed)
            let target = (1 + (seed * 13) % 90, 1 + (seed * 17) % 90)
            let fill = (UInt8(seed), UInt8(255 - seed), UInt8(77))
            for filter in ResampleFilter.allCases {
                for instructions in ResampleInstructions.allCases {
                    let direct = try source.resizedOnSquare(
                        fill: fill, width: target.0, height: target.1, filter: filter,
                        instructions: instructions)
                    let padded = try source.paddedToSquare(fill: fill).resized(
                        width: target.0, height: target.1, filter: filter)
                    #expect(direct == padded)
                }
            }
        }
    }

    @Test func `the same size gives the same picture`() throws {
        let source = try GeneratedImage.make(width: 9, height: 7, pattern: "noise", seed: 1)
        for filter in ResampleFilter.allCases {
            #expect(try source.resized(width: 9, height: 7, filter: filter) == source)
        }
    }

    @Test func `a plain colour stays what it is`() throws {
        let pixels = (0..<50 * 40).flatMap { _ -> [UInt8] in [3, 200, 255] }
        let source = try RGBImage(width: 50, height: 40, pixels: pixels)
        for filter in ResampleFilter.allCases {
            let result = try source.resized(width: 23, height: 71, filter: filter)
            for index in 0..<23 * 71 {
                #expect(result.pixels[3 * index..<3 * index + 3] == [3, 200, 255])
            }
        }
    }

    @Test func `bad sizes are errors`() throws {
        let source = try GeneratedImage.make(width: 4, height: 4, pattern: "noise", seed: 1)
        for (width, height) in [(0, 4), (4, 0), (-1, 4), (Int.max, 2), (1 << 20, 1 << 20)] {
            let error = try #require(throws: ImagingError.self) {
                try source.resized(width: width, height: height)
            }
            #expect(error.code == .argument || error.code == .limit)
        }
    }

    @Test func `weights that would fill the memory are an error`() throws {
        let source = try GeneratedImage.make(width: 9, height: 2, pattern: "noise", seed: 1)
        let error = try #require(throws: ImagingError.self) {
            try source.resized(width: 50_000_000, height: 1)
        }
        #expect(error.code == .limit)
    }
}
