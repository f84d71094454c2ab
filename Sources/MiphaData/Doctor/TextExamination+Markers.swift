import MiphaChat
import MiphaFiles

extension TextExamination {
    /// What other toolkits write in place of an image, a video or a sound, as they begin.
    private static let foreignMarkers = [
        "<img>", "<ImageHere>", "<image_placeholder>", "<|image|>", "<|image_", "<|vision_start|>",
        "<video>", "<audio>",
    ].map { Array($0.utf8) }

    /// Looks for markers of other toolkits in the turns of a sample without images.
    ///
    /// Answers may speak of the tags of web pages, so they are left out where it is known which turns
    /// are answers.
    mutating func examineForeignMarkers(_ turns: [ConversationItem.Turn], isOrdered: Bool) {
        for (index, turn) in turns.enumerated()
        where !isOrdered || turn.role != .assistant {
            guard let marker = Self.foreignMarker(in: Array(turn.text.utf8)) else { continue }
            found(
                .foreignMarker,
                "conversations[\(index)].value: \(marker.quoted) is learned as text; name the "
                    + "image under \"image\" and write \(ImageMarker.text) there")
            return
        }
    }

    private static func foreignMarker(in bytes: [UInt8]) -> String? {
        for start in bytes.indices where bytes[start] == UInt8(ascii: "<") {
            let rest = bytes[start...]
            guard let marker = foreignMarkers.first(where: rest.starts) else { continue }
            let end = rest.prefix(40).firstIndex(of: UInt8(ascii: ">")) ?? start + marker.count - 1
            return String(decoding: bytes[start...end], as: UTF8.self)
        }
        return nil
    }
}
