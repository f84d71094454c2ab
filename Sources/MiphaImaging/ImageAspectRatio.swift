/// What happens to an image that is not square before it is resized.
public enum ImageAspectRatio: String, Sendable, Codable, CaseIterable {
    /// Nothing: the resize step squeezes it or the crop step cuts it.
    case square
    /// It is centred on a square canvas of the mean colour.
    case pad
}
