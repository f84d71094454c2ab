import Foundation
package import MiphaData
import MiphaFiles
import MiphaImaging

/// A way to spoil a data set, and what the check must count for each time it is done.
package struct FaultInjection: CustomStringConvertible, Sendable {
    package let description: String
    package let expected: [DataProblem: Int]
    package let inject: @Sendable (FaultyDataSet) throws -> Void

    package init(
        _ name: String, _ expected: [DataProblem: Int],
        _ inject: @escaping @Sendable (FaultyDataSet) throws -> Void
    ) {
        description = name
        self.expected = expected
        self.inject = inject
    }

    package init(
        _ problem: DataProblem, _ inject: @escaping @Sendable (FaultyDataSet) throws -> Void
    ) {
        self.init(problem.rawValue, [problem: 1], inject)
    }

    package static let all = texts + entries + pictures

    private static let texts: [FaultInjection] = [
        .init(.unknownRole) { try $0.add { $0.setTurn(0, "from", "system") } },
        .init(.roleOrder) { data in
            try data.add(turns: 4) { object in
                object.setTurn(2, "from", "gpt")
                object.setTurn(3, "from", "human")
            }
        },
        .init("no answer", [.noAnswer: 1, .oddTurns: 1]) { try $0.add { $0.dropTurns(1) } },
        .init("no turn", [.noAnswer: 1, .noWords: 1, .markerMismatch: 1]) {
            try $0.add { $0.dropTurns(2) }
        },
        .init(.oddTurns) { try $0.add(turns: 4) { $0.dropTurns(1) } },
        .init("empty answer", [.emptyTurn: 1]) { try $0.add { $0.setTurn(1, "value", " \n") } },
        .init("two empty turns", [.emptyTurn: 1]) { data in
            try data.add(turns: 4) { object in
                object.setTurn(1, "value", "")
                object.setTurn(3, "value", "\t")
            }
        },
        .init("no words", [.emptyTurn: 1, .noWords: 1, .markerMismatch: 1]) { data in
            try data.add { object in
                object.setTurn(0, "value", "")
                object.setTurn(1, "value", "\u{3000}")
            }
        },
        .init(.repeatedMarker) { try $0.add { $0.append(" <image>", toTurn: 0) } },
        .init("marker too many", [.markerMismatch: 1]) {
            try $0.add(turns: 4) { $0.append(" <image>", toTurn: 2) }
        },
        .init("two markers without picture", [.markerMismatch: 1]) { data in
            try data.add { object in
                object["image"] = nil
                object.append(" <image>", toTurn: 0)
            }
        },
        .init("marker too few", [.markerMismatch: 1]) {
            try $0.add { $0.setTurn(0, "value", "No marker?") }
        },
        .init("marker without picture", [.markerMismatch: 1]) {
            try $0.add { $0["image"] = nil }
        },
        .init(.foreignMarker) { data in
            try data.add { object in
                object["image"] = nil
                object.setTurn(0, "value", .string("<|image_1|> What is \(data.items.count)?"))
            }
        },
        .init(.markerInAnswer) { try $0.add { $0.append(" <image>", toTurn: 1) } },
        .init("end of turn in an answer", [.templateSeparator: 1]) {
            try $0.add { $0.append("<|endoftext|> and on", toTurn: 1) }
        },
        .init("assistant prefix in an answer", [.templateSeparator: 1]) {
            try $0.add { $0.append(" He: ASSISTANT: no", toTurn: 1) }
        },
        .init("long turn", [.longTurn: 1, .longSample: 1]) {
            try $0.add { $0.append(String(repeating: " word", count: 61), toTurn: 1) }
        },
        .init("long sample", [.longSample: 1]) { data in
            try data.add { object in
                for turn in 0..<2 {
                    object.append(String(repeating: " word", count: 31), toTurn: turn)
                }
            }
        },
    ]

    private static let entries: [FaultInjection] = [
        .init("no conversations", [.malformedEntry: 1]) {
            try $0.add { $0["conversations"] = nil }
        },
        .init("conversations of a wrong type", [.malformedEntry: 1]) {
            try $0.add { $0["conversations"] = "hello" }
        },
        .init("value of a wrong type", [.malformedEntry: 1]) {
            try $0.add { $0.setTurn(1, "value", 3) }
        },
        .init("turn without role", [.malformedEntry: 1]) {
            try $0.add { $0.setTurn(0, "from", nil) }
        },
        .init("several faults in one item", [.malformedEntry: 1]) { data in
            try data.add { object in
                object.setTurn(0, "from", nil)
                object.setTurn(1, "value", nil)
                object["image"] = 7
            }
        },
        .init("a film", [.refusedKey: 1]) { try $0.add { $0["video"] = "a.mp4" } },
        .init("a picture under another key", [.refusedKey: 1]) { data in
            try data.add { object in
                object["image_path"] = object["image"]
                object["image"] = nil
            }
        },
        .init("a picture under another key without a marker", [.refusedKey: 1]) { data in
            try data.add { object in
                object["image_file"] = object["image"]
                object["image"] = nil
                object.setTurn(0, "value", .string("What is seen by \(data.items.count)?"))
            }
        },
        .init("a picture in a turn", [.refusedKey: 1]) { data in
            try data.add { object in
                object.setTurn(0, "image", object["image"])
                object["image"] = nil
            }
        },
        .init(.unknownKey) { try $0.add { $0["caption"] = "A thing." } },
        .init("a path with a NUL", [.malformedEntry: 1]) { data in
            try data.add { $0["image"] = .string("\(data.items.count).png\u{0}.jpg") }
        },
        .init("id of a wrong type", [.malformedEntry: 1]) { try $0.add { $0["id"] = [1] } },
        .init("empty picture path", [.malformedEntry: 1]) { try $0.add { $0["image"] = "" } },
        .init("item of a wrong type", [.malformedEntry: 1]) { $0.items.append("text") },
        .init(.duplicateID) { try $0.add { $0["id"] = "s0" } },
        .init("whole sample twice", [.duplicateSample: 1, .duplicateID: 1]) {
            $0.items.append($0.items[1])
        },
        .init("same sample under a new id", [.duplicateSample: 1]) { data in
            var object = data.items[1].objectValue ?? JSONObject()
            object["id"] = .string("other \(data.items.count)")
            data.items.append(.object(object))
        },
    ]

    private static let pictures: [FaultInjection] = [
        .init(.missingPicture) { try $0.addPicture { _ in nil } },
        .init("bytes that are no picture", [.unreadablePicture: 1]) {
            try $0.addPicture { _ in Array("<html>not found</html>".utf8) }
        },
        .init("empty file", [.unreadablePicture: 1]) { try $0.addPicture { _ in [] } },
        .init("damaged bytes", [.unreadablePicture: 1]) {
            try $0.addPicture { bytes in
                var bytes = bytes
                for index in bytes.count / 2..<bytes.count / 2 + 8 { bytes[index] ^= 0x5A }
                return bytes
            }
        },
        .init(.alteredPicture) { data in
            try data.addPicture { bytes in
                // An eXIf chunk that says 6, turned right, after the header of 33 bytes.
                let chunk: [UInt8] = [
                    0, 0, 0, 26, 0x65, 0x58, 0x49, 0x66, 0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1,
                    0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0xD6, 0x67, 0x4B, 0x69,
                ]
                return Array(bytes[..<33]) + chunk + Array(bytes[33...])
            }
        },
        .init("a photograph of a phone", [.unreadablePicture: 1]) {
            try $0.addPicture { _ in
                Array("\0\0\0\u{18}ftypheic".utf8) + [UInt8](repeating: 7, count: 99)
            }
        },
        .init("folder for a picture", [.unreadablePicture: 1]) { data in
            let name = try data.add()
            try FileManager.default.removeItem(atPath: data.path(name))
            try FileManager.default.createDirectory(
                atPath: data.path(name), withIntermediateDirectories: false)
        },
        .init("cut in the pixels", [.truncatedPicture: 1]) {
            try $0.addPicture { Array($0.prefix($0.count / 2)) }
        },
        .init("cut behind the pixels", [.truncatedPicture: 1]) {
            try $0.addPicture { Array($0.dropLast(4)) }
        },
        .init(.wrongExtension) {
            try $0.addPicture(named: { $0.replacing(".png", with: ".jpg") }) { $0 }
        },
        .init(.smallPicture) { data in
            let name = try data.add()
            try data.draw(name, width: 15, height: 40)
        },
        .init(.extremeAspect) { data in
            let name = try data.add()
            try data.draw(name, width: 12, height: 121)
        },
        .init(.duplicatePicture) { data in
            let name = try data.add()
            try AtomicFile.write(data.bytes("0.png"), to: data.path(name))
        },
    ]
}
