import MiphaData
import MiphaModels
import MiphaTorch

/// Makes batches of samples: a row of each, or two of a pair of answers, which share its pictures.
struct Collator {
    /// Masks attention keys that equal this id, as the reference does; `nil` masks none.
    let maskedKeyID: Int?
    /// Channels, height and width of a picture.
    let pixelShape: [Int]
    /// Whether all rows stand in one, behind each other.
    var packs = false

    func batch(_ samples: [TrainingSample]) throws -> MiphaBatch {
        let pictures = samples.flatMap(\.pixels)
        let pixels =
            try pictures.isEmpty
            ? nil : Tensor(pictures.flatMap { $0 }, shape: [pictures.count] + pixelShape)
        let rows = samples.flatMap(\.rows)
        let masks = maskedKeyID.map { id in rows.map { $0.ids.map { $0 != id } } }
        return MiphaBatch(
            ids: rows.map(\.ids), labels: rows.map(\.labels), pixels: pixels,
            pictures: samples.contains(where: \.isPair) ? Self.shared(samples) : nil,
            idMasks: masks, packing: packs ? [Array(rows.indices)] : nil)
    }

    /// The picture of each marker, row by row.
    private static func shared(_ samples: [TrainingSample]) -> [Int] {
        var pictures: [Int] = []
        var first = 0
        for sample in samples {
            for _ in sample.rows { pictures += first..<first + sample.pixels.count }
            first += sample.pixels.count
        }
        return pictures
    }
}
