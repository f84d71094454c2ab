import Foundation
import MiphaChat
import MiphaFiles

/// Files of the repository and of the shared data folder beside it.
enum TestFiles {
    static let root: URL = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func fixture(_ path: String) throws -> Data {
        try Data(contentsOf: root.appendingPathComponent("Fixtures").appendingPathComponent(path))
    }

    /// A path in the shared folder, nil when the folder is absent.
    static func shared(_ path: String) -> String? {
        for parent in ["../shared", "../../shared"] {
            let url = root.appendingPathComponent(parent).appendingPathComponent(path)
                .standardizedFileURL
            if FileManager.default.fileExists(atPath: url.path) { return url.path }
        }
        return nil
    }
}

/// A conversation that starts with the human and alternates.
func talk(_ texts: String..., images: [String] = []) -> ConversationSample {
    talk(texts, images: images)
}

func talk(_ texts: [String], images: [String] = []) -> ConversationSample {
    ConversationSample(
        id: "t", images: images,
        turns: texts.enumerated().map {
            ConversationSample.Turn($0.offset.isMultiple(of: 2) ? .human : .assistant, $0.element)
        })
}

/// The text of the supervised labels.
func supervisedText(_ sample: EncodedSample, _ tokenizer: some TextTokenizer) -> String {
    tokenizer.decode(
        sample.labels.filter { $0 != IgnoredLabel.id }, skippingSpecialTokens: false)
}

/// Byte equality; `String` equality would forgive differences of canonical form.
func sameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// A random text of words, spaces, role names and characters of many planes.
func randomText(_ generator: inout SplitMix64) -> String {
    let parts = [
        "cat", "Dog", "the ", " a", "ASSISTANT:", " ASSISTANT: ", "USER:", "USER: ", "<|end", "ñ",
        "東京", "🎈", "👩‍👩‍👧", "42", "it's", "  ", "     ", "\n", "\n\n", "\t", "...", "\u{A0}",
        "e\u{301}", "\u{200D}", "\u{2028}", "{\"a\": 1}", "<b>", "\\n", "\u{10FFFF}", "\u{FFFD}",
        "\r\n", "-200", "<imag",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...9, using: &generator) {
        if Bool.random(using: &generator) {
            text += parts.randomElement(using: &generator) ?? ""
        } else {
            let value = UInt32.random(in: 0...0x10FFFF, using: &generator)
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
    }
    return text
}
