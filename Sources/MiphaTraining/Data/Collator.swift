import MiphaData
import MiphaModels
import MiphaTorch

/// Makes batches of samples.
struct Collator {
    /// Masks attention keys that equal this id, as the reference does; `nil` masks none.
    let maskedKeyID: Int?
    /// Channels, height and width of a picture.
    let pixelShape: [Int]

    func batch(_ samples: [TrainingSample]) throws -> MiphaBatch {
        let pictures = samples.flatMap(\.pixels)
        let pixels =
            try pictures.isEmpty
            ? nil : Tensor(pictures.flatMap { $0 }, shape: [pictures.count] + pixelShape)
        let masks = maskedKeyID.map { id in samples.map { $0.ids.map { $0 != id } } }
        return MiphaBatch(
            ids: samples.map(\.ids), labels: samples.map(\.labels), pixels: pixels, idMasks: masks)
    }
}
