import MiphaImaging
import MiphaTorch

extension [PreparedImage] {
    /// The pixels of all images, as a batch holds them; `nil` without images.
    func tensor(on device: Device) throws -> Tensor? {
        guard let first else { return nil }
        return try Tensor.joining(values, shape: [count] + first.pixels.sizes)
            .uploaded(to: device)
    }
}
