/// Where the bytes of an image are.
public enum ImageReference: Sendable, Hashable {
    /// A file on this machine.
    case file(String)
    /// The encoded image itself (PNG, JPEG, WebP, GIF).
    case bytes([UInt8])
}

/// One message of a chat.
public struct ChatMessage: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Instructions that replace the template's system text; only as the first message.
        case system
        /// The person.
        case user
        /// The model.
        case assistant
    }

    /// Who speaks.
    public var role: Role
    /// What is said.
    ///
    /// `<image>` has a meaning only when it occurs as often as the message has images, and then
    /// says where each image belongs; otherwise the images stand in front and the text is taken
    /// literally.
    public var text: String
    /// Images of a user message.
    public var images: [ImageReference]

    /// Makes a message.
    public init(_ role: Role, _ text: String, images: [ImageReference] = []) {
        self.role = role
        self.text = text
        self.images = images
    }
}
