import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaTestSupport
import Testing

/// Lines of a file of JSON lines that are not JSON, in index, check and loader.
@Suite struct MalformedLineTests {
    private static let garbage = "<<<<<<< HEAD"
    private static let cut = "{\"id\": \"s9\", \"image\": \"9.p"

    /// Twelve samples, garbage as line 6 and a last line that was cut.
    private func damaged() throws -> (data: FaultyDataSet, file: String) {
        let data = try FaultyDataSet(samples: 12)
        let file = try data.write(lines: true)
        var lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        try #require(lines.count == 12)
        lines.insert(Self.garbage[...], at: 5)
        lines.append(Self.cut[...])
        try AtomicFile.write(lines.joined(separator: "\n"), to: file)
        return (data, file)
    }

    @Test func `the index keeps a malformed line as a sample that throws its place`() throws {
        let (data, file) = try damaged()
        let whole = try SampleIndex([ConversationSource(file: data.write("whole.json"))])
        let source = ConversationSource(file: file)
        let index = try SampleIndex([source], faults: .keep)
        #expect(index.count == 14 && index.faultyCount == 2)
        let good = (0..<14).filter { !index.isFaulty($0) }
        #expect(good == Array(0..<5) + Array(6..<13))
        for (number, same) in zip(good, 0...) {
            #expect(try index.sample(number) == whole.sample(same))
            #expect(index.wordCount(number) == whole.wordCount(same))
            #expect(index.pictureCount(number) == whole.pictureCount(same))
        }
        for (number, message) in [
            (5, "line 6, column 1: element 5: expected a value, found '<'"),
            (13, "line 14, column 23: element 13: string without closing quotation mark"),
        ] {
            #expect(index.wordCount(number) == 0 && index.pictureCount(number) == 0)
            let error = #expect(throws: ChatError.self) { try index.sample(number) }
            #expect(error?.code == .malformedJSON)
            #expect(error?.message == "\(file): \(message)")
        }
        let strict = #expect(throws: ChatError.self) { try SampleIndex([source]) }
        #expect(strict?.code == .malformedJSON)
        #expect(strict?.message.contains("line 6, column 1") == true)
    }

    @Test func `the check counts malformed lines and all that is on the others`() throws {
        let (data, file) = try damaged()
        let report = try DataCheck(
            DataCheckSettings(files: [file], imageFolder: data.images, threads: 2)
        ).run()
        for problem in report.problems {
            #expect(problem.count == (problem.kind == .malformedLine ? 2 : 0), "\(problem.kind)")
        }
        #expect(report.samples == 14 && report.errors == 2)
        let places = try #require(report[.malformedLine]?.places)
        #expect(places.map(\.item) == [5, 13])
        #expect(
            places.map(\.detail) == [
                "line 6, column 1: element 5: expected a value, found '<'",
                "line 14, column 23: element 13: string without closing quotation mark",
            ])
    }

    @Test func `repetitions after a malformed line are named by their own items`() throws {
        let (data, file) = try damaged()
        let second = try data.write("second.json")
        let report = try DataCheck(
            DataCheckSettings(files: [file, second], imageFolder: data.images)
        ).run()
        #expect(report[.duplicateID]?.count == 12)
        let last = try #require(report[.duplicateID]?.places.last)
        #expect(last.item == 11 && last.file == second)
        #expect(last.detail == "as \(file): item 12, the first with this id")
    }

    @Test func `a line that changed while in use is an error that says so`() throws {
        let (data, file) = try damaged()
        defer { withExtendedLifetime(data) {} }
        let index = try SampleIndex([ConversationSource(file: file)], faults: .keep)
        var bytes = try FileSystem.read(file, limit: 1 << 20)
        let line = Array("\"<<<<< HEAD\"".utf8)
        let place = try #require(
            bytes.indices.first { bytes[$0...].starts(with: Array(Self.garbage.utf8)) })
        bytes.replaceSubrange(place..<place + line.count, with: line)
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
        let error = #expect(throws: ChatError.self) { try index.sample(5) }
        #expect(error?.message.contains("do not change a file while it is in use") == true)
    }
}
