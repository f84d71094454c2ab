import Foundation
package import MiphaFiles
import MiphaImaging
package import MiphaTestSupport

/// A clean set of conversations with drawn images, into which faults are put.
///
/// Sample `n` has the image `n.png` and two turns; every fourth has four turns, every fifth is text
/// only, every seventh has two images.
package final class FaultyDataSet {
    package let folder: TemporaryFolder
    package let images: String
    package var items: [JSONValue] = []
    private var drawn = 0

    package init(samples: Int, named name: String = "images") throws {
        folder = try TemporaryFolder()
        images = try folder.folder(name)
        for index in 0..<samples { items.append(try sample(index)) }
    }

    /// Writes the items as a JSON array or as lines.
    package func write(_ name: String = "data.json", lines: Bool = false) throws -> String {
        let path = folder.file(name)
        let text =
            lines
            ? try items.map { try $0.text(.compact) + "\n" }.joined()
            : try JSONValue.array(items).text(.pretty)
        try AtomicFile.write(text, to: path)
        return path
    }

    /// The path of an image.
    package func path(_ name: String) -> String { "\(images)/\(name)" }

    /// A sample that no check complains about.
    package func sample(_ index: Int, turns: Int? = nil) throws -> JSONValue {
        let isText = turns == nil && index % 5 == 4
        let count = isText ? 0 : (turns == nil && index % 7 == 6 ? 2 : 1)
        var names: [JSONValue] = []
        for part in 0..<count {
            let name = "\(index)\(part == 0 ? "" : "-\(part)").png"
            try draw(name)
            names.append(.string(name))
        }
        var list: [JSONValue] = []
        for turn in 0..<(turns ?? (index % 4 == 3 ? 4 : 2)) {
            let marker = turn == 0 ? String(repeating: "<image>\n", count: count) : ""
            let text =
                turn.isMultiple(of: 2)
                ? "\(marker)Question \(turn) of sample \(index)?" : "Answer \(turn) of \(index)."
            list.append([
                "from": turn.isMultiple(of: 2) ? "human" : "gpt", "value": .string(text),
            ])
        }
        var object: JSONObject = ["id": .string("s\(index)"), "conversations": .array(list)]
        if count > 0 { object["image"] = count == 1 ? names[0] : .array(names) }
        return .object(object)
    }

    /// Draws an image unlike all others.
    package func draw(_ name: String, width: Int = 40, height: Int = 30) throws {
        drawn += 1
        var pixels = [UInt8](repeating: 0, count: 3 * width * height)
        var generator = SplitMix64(seed: UInt64(drawn))
        for index in pixels.indices { pixels[index] = UInt8(truncatingIfNeeded: generator.next()) }
        let image = try RGBImage(width: width, height: height, pixels: pixels)
        try AtomicFile.write(image.pngData(), to: path(name))
    }

    /// The bytes of an image file.
    package func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: path(name))))
    }

    // MARK: Changes

    /// Adds a clean sample with one image and changes it.
    ///
    /// - Returns: the name of its image.
    @discardableResult
    package func add(turns: Int = 2, _ change: (inout JSONObject) throws -> Void = { _ in }) throws
        -> String
    {
        let index = items.count
        var object = try sample(index, turns: turns).objectValue ?? JSONObject()
        try change(&object)
        items.append(.object(object))
        return "\(index).png"
    }

    /// Adds a sample whose image's bytes are changed.
    package func addPicture(
        named name: (String) -> String = { $0 }, _ change: ([UInt8]) throws -> [UInt8]?
    ) throws {
        let old = "\(items.count).png"
        let new = name(old)
        try add { $0["image"] = .string(new) }
        let bytes = try change(bytes(old))
        try FileManager.default.removeItem(atPath: path(old))
        if let bytes { try AtomicFile.write(bytes, to: path(new)) }
    }
}

extension JSONObject {
    /// Changes one member of one turn.
    package mutating func setTurn(_ index: Int, _ key: String, _ value: JSONValue?) {
        guard var turns = self["conversations"]?.arrayValue,
            var turn = turns[index].objectValue
        else { return }
        turn[key] = value
        turns[index] = .object(turn)
        self["conversations"] = .array(turns)
    }

    /// Appends to the text of a turn.
    package mutating func append(_ text: String, toTurn index: Int) {
        let old = self["conversations"]?.arrayValue?[index]["value"]?.stringValue ?? ""
        setTurn(index, "value", .string(old + text))
    }

    /// Removes turns from the end.
    package mutating func dropTurns(_ count: Int) {
        self["conversations"] = .array((self["conversations"]?.arrayValue ?? []).dropLast(count))
    }
}
