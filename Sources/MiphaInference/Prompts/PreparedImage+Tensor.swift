import MiphaImaging
import MiphaTorch

extension [PreparedImage] {
    /// The pixels of all images, `[images, channels, height, width]`; `nil` without images.
    func tensor(on device: Device) throws -> Tensor? {
        guard let first else { return nil }
        return try Tensor.joining(map(\.pixels.values), shape: [count] + first.pixels.shape)
            .uploaded(to: device)
    }
}
