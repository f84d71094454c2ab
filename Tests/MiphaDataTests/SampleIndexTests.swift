import Dispatch
import Foundation
import MiphaChat
import MiphaData
import MiphaTestSupport
import Synchronization
import Testing

@Suite struct SampleIndexTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `every sample is read again as the whole reader gives it`() throws {
        let items = [
            item("a", image: "x/1.jpg"), item("b", ["Say \\u00e9 \\\"so\\\"", "é 語"]),
            "{\"image\": [\"1.jpg\", \"2.jpg\"], \"conversations\": [{\"value\": \"<image> <image>\", "
                + "\"from\": \"user\"}, {\"from\": \"assistant\", \"value\": \"two\"}], \"id\": 7}",
            "{\"id\": \"n\", \"image\": null, \"model\": \"\", \"conversations\": "
                + "[{\"from\": \"human\", \"value\": \"1\"}, {\"from\": \"gpt\", \"value\": \"2\"}]}",
        ]
        let texts = [
            "[\(items.joined(separator: ","))]",
            "[\n  \(items.joined(separator: " ,\n\t")) \n]\r\n",
            items.joined(separator: "\n"), items.joined(separator: "\r\n\r\n") + "\n",
            "\u{FEFF}[\(items.joined(separator: ", "))]",
        ]
        for (number, text) in texts.enumerated() {
            let source = try source(text, in: folder, "\(number).json")
            let index = try SampleIndex([source])
            let whole = try ConversationReader().read(file: source.file)
            #expect(try (0..<index.count).map(index.sample) == whole, "text \(number)")
            #expect((0..<index.count).map(index.pictureCount) == [1, 0, 2, 0])
            #expect((0..<index.count).map(index.wordCount) == [4, 5, 3, 2])
            #expect(index.textOnlyCount == 2)
            #expect(index.faultyCount == 0)
        }
    }

    @Test func `several files are numbered through and keep their image folders`() throws {
        let index = try SampleIndex([
            source("[\(item("a", image: "1.jpg"))]", in: folder, "a.json", images: "/pictures"),
            source(
                [item("b", image: "/abs/2.jpg"), item("c")].joined(separator: "\n"), in: folder,
                "b.jsonl", images: "more", weight: 2),
        ])
        #expect(index.count == 3)
        #expect(index.files.map(\.samples) == [0..<1, 1..<3])
        #expect(index.files.map(\.source.weight) == [1, 2])
        #expect(try (0..<3).map { try index.sample($0).id } == ["a", "b", "c"])
        #expect((0..<3).map(index.item) == [0, 0, 1])
        #expect(index.place(of: 2) == "\(folder.file("b.jsonl")): item 1")
        #expect(index.imagePath("1.jpg", of: 0) == "/pictures/1.jpg")
        #expect(index.imagePath("/abs/2.jpg", of: 1) == "/abs/2.jpg")
        #expect(index.imagePath("2.jpg", of: 1) == "more/2.jpg")
    }

    @Test func `items larger than the reader's buffer are found`() throws {
        let long = (0..<400_000).map { "w\($0 % 10)" }.joined(separator: " ")
        let texts = [item("a"), item("b", [long, "yes"]), item("c", image: "1.jpg")]
        let index = try SampleIndex([
            source("[\(texts.joined(separator: ","))]", in: folder)
        ])
        #expect((0..<3).map(index.wordCount) == [4, 400_001, 4])
        #expect(try index.sample(1).turns[0].text == long)
        #expect(try index.sample(2).images == ["1.jpg"])
    }

    @Test func `many threads read at once`() throws {
        let texts = (0..<500).map { item("\($0)", ["question \($0)", "answer \($0)"]) }
        let index = try SampleIndex([
            source(texts.joined(separator: "\n"), in: folder)
        ])
        let wrong = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 2_000) { round in
            let number = round * 7919 % 500
            let sample = try? index.sample(number)
            if sample?.turns.last?.text != "answer \(number)" {
                wrong.withLock { $0.append(number) }
            }
        }
        #expect(wrong.withLock { $0 } == [])
    }

    @Test func `a sample takes 24 bytes`() throws {
        #expect(SampleIndex.bytesPerSample <= 24)
    }

    @Test func `progress counts up to the number of samples`() throws {
        let texts = (0..<10_000).map { item("\($0)") }
        var reports: [Int] = []
        let index = try SampleIndex(
            [source(texts.joined(separator: "\n"), in: folder)], progress: { reports.append($0) })
        #expect(index.count == 10_000)
        #expect(reports == [4096, 8192, 10_000])
    }

    @Test func `words are those of Python's split`() throws {
        struct Oracle: Decodable {
            struct Row: Decodable {
                let text: String
                let words: Int

                init(from decoder: any Decoder) throws {
                    var row = try decoder.unkeyedContainer()
                    text = try row.decode(String.self)
                    words = try row.decode(Int.self)
                }
            }
            let words: [Row]
            let blanks: [UInt32]
        }
        let oracle = try oracle(Oracle.self, "samplers.json")
        for row in oracle.words { #expect(WordCount.words(in: row.text) == row.words) }
        let found = (UInt32(0)...0x10FFFF).filter { value in
            Unicode.Scalar(value).map { WordCount.words(in: "a\(Character($0))b") == 2 } ?? false
        }
        #expect(found == oracle.blanks)
    }
}
