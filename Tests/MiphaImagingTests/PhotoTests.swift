import Foundation
import MiphaImaging
import Testing

struct PhotoRecord: Decodable, Sendable, CustomTestStringConvertible {
    struct Resized: Decodable, Sendable {
        let width: Int
        let height: Int
        let filter: String
        let digest: String

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            width = try row.decode(Int.self)
            height = try row.decode(Int.self)
            filter = try row.decode(String.self)
            digest = try row.decode(String.self)
        }
    }

    let file: String
    let width: Int
    let height: Int
    let rgb: String
    let resized: [Resized]
    let tensors: [[String]]

    var testDescription: String { file }
}

@Suite(.enabled(if: TestFolders.photos != nil, "the shared photographs are not there"))
struct PhotoTests {
    struct Table: Decodable {
        let photos: [PhotoRecord]
    }

    static let photos = (try? TestFolders.table(Table.self, "photos.json").photos) ?? []

    @Test(arguments: photos)
    func `photographs are decoded and resized as by Pillow`(_ photo: PhotoRecord) throws {
        let folder = try #require(TestFolders.photos)
        let image = try RGBImage(contentsOf: folder.appending(path: photo.file).path)
        #expect(image.width == photo.width && image.height == photo.height)
        #expect(sha256(image.pixels) == photo.rgb)
        for entry in photo.resized {
            let filter = try #require(resampleFilter(entry.filter))
            let result = try image.resized(
                width: entry.width, height: entry.height, filter: filter)
            #expect(
                sha256(result.pixels).prefix(32) == entry.digest,
                "\(photo.file) to \(entry.width) x \(entry.height), \(entry.filter)")
        }
    }

    @Test(arguments: photos)
    func `tensors of photographs equal transformers' to the bit`(_ photo: PhotoRecord) throws {
        let folder = try #require(TestFolders.photos)
        let image = try RGBImage(contentsOf: folder.appending(path: photo.file).path)
        for row in photo.tensors {
            let processor = try row[0] == "siglip384" ? .siglip(size: 384) : clip336()
            let aspect = try #require(ImageAspectRatio(rawValue: row[1]))
            let values = try processor.pixelValues(image, aspectRatio: aspect)
            #expect(values.count == 3 * processor.outputWidth * processor.outputHeight)
            #expect(sha256(littleEndianBytes(values)) == row[2], "\(row[0]) \(row[1])")
        }
    }

    private func clip336() throws -> ImageProcessor {
        let text = """
            {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 336},
             "crop_size": {"height": 336, "width": 336}}
            """
        return try ImageProcessor(configuration: [UInt8](text.utf8), name: "clip336")
    }
}
