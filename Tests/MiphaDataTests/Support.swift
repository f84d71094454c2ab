import Foundation
import MiphaData
import MiphaTestSupport

/// Writes a file of the folder and names it as a source.
func source(
    _ text: String, in folder: TemporaryFolder, _ name: String = "data.json", images: String = "",
    weight: Double = 1
) throws -> ConversationSource {
    try Data(text.utf8).write(to: URL(filePath: folder.file(name)))
    return ConversationSource(file: folder.file(name), imageFolder: images, weight: weight)
}

/// One item as JSON.
func item(
    _ id: String, image: String? = nil, _ turns: [String] = ["<image>\nWhat?", "A cup."]
) -> String {
    let picture = image.map { "\"image\": \"\($0)\", " } ?? ""
    let texts = turns.enumerated().map { index, text in
        let role = index.isMultiple(of: 2) ? "human" : "gpt"
        let value = text.replacingOccurrences(of: "\n", with: "\\n")
        return "{\"from\": \"\(role)\", \"value\": \"\(value)\"}"
    }
    return "{\"id\": \"\(id)\", \(picture)\"conversations\": [\(texts.joined(separator: ", "))]}"
}

/// A JSON fixture of `Fixtures/oracles`.
func oracle<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
    let url = URL(filePath: PackagePaths.fixture("oracles/\(name)"))
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

/// How often each number below `count` occurs.
func occurrences(_ numbers: [Int], count: Int) -> [Int] {
    var result = [Int](repeating: 0, count: count)
    for number in numbers { result[number] += 1 }
    return result
}
