import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct PictureSourceTests {
    private func load(_ picture: PictureSource?) throws -> String {
        utf8Text(try #require(picture).load())
    }

    @Test func `pictures are found in folders, below them, and in archives`() throws {
        let data = try DataFolder()
        try data.write("val2014/1.jpg", "exact")
        try data.write("coco/val2014/2.jpg", "below")
        try data.zip("coco/images.zip", [("coco/val2014/3.jpg", "zip"), ("x/4.jpg", "alone")])
        let files = try BenchmarkFiles(data.path)
        let folders = ["val2014", "images"]
        #expect(try load(files.picture("1.jpg", in: folders)) == "exact")
        #expect(try load(files.picture("2.jpg", in: folders)) == "below")
        #expect(try load(files.picture("3.jpg", in: folders)) == "zip")
        #expect(try load(files.picture("4.jpg", in: folders)) == "alone")
        #expect(files.picture("5.jpg", in: folders) == nil)
        #expect(files.picture("3.jpg", in: folders)?.name == "3.jpg")
        #expect(
            files.picture("1.jpg", in: folders)?.place == .file("\(data.path)/val2014/1.jpg"))
    }

    @Test func `earlier folders win, and a bare name must be the only one`() throws {
        let data = try DataFolder()
        try data.write("a/1.jpg", "a")
        try data.write("b/1.jpg", "b")
        try data.write("b/2.jpg", "b")
        let files = try BenchmarkFiles(data.path)
        #expect(try load(files.picture("1.jpg", in: ["b", "a"])) == "b")
        #expect(try load(files.picture("1.jpg", in: ["a", "b"])) == "a")
        #expect(files.picture("1.jpg") == nil)
        #expect(try load(files.picture("2.jpg")) == "b")
        #expect(try load(files.picture("a/1.jpg")) == "a")
    }

    @Test func `pictures of a single file lie beside it`() throws {
        let data = try DataFolder()
        try data.write("q.json", "[]")
        try data.write("images/1.jpg", "beside")
        let files = try BenchmarkFiles(data.folder.file("q.json"))
        #expect(try load(files.picture("1.jpg", in: ["images"])) == "beside")
        #expect(files.picture("1.jpg") == nil)
    }

    @Test(arguments: ["table.tsv", "stored.zip", "deflated.zip"])
    func `Base64 columns become pictures`(name: String) throws {
        let data = try DataFolder()
        let table = "index\timage\tA\n1\taGVsbG8=\tx\n2\t\"d29y\nbGQ=\"\ty\n3\t\tz\n4\tA\tw\n"
        if name.hasSuffix(".tsv") {
            try data.write(name, table)
        } else {
            try data.zip(name, [("a/table.tsv", table)], isDeflated: name == "deflated.zip")
        }
        let file = try BenchmarkFiles(data.path).file(["table.tsv"], what: "questions")
        var rows = try file.table(requiring: ["index", "image"])
        let first = try #require(try rows.next())
        #expect(try load(file.picture("1", in: "image", of: first)) == "hello")
        let second = try #require(try rows.next())
        let picture = try file.picture("two", in: "image", of: second)
        #expect(try load(picture) == "world")
        #expect(picture.name == "two")
        let third = try #require(try rows.next())
        let empty = evaluationFailure { _ = try file.picture("3", in: "image", of: third) }
        #expect(empty?.message.contains("table.tsv:5: the field \"image\" is empty") == true)
        #expect(evaluationFailure { _ = try file.picture("3", in: "photo", of: third) } != nil)
        let fourth = try #require(try rows.next())
        let bad = evaluationFailure { _ = try file.picture("4", in: "image", of: fourth).load() }
        #expect(bad?.code == .malformedFile)
        #expect(bad?.message.contains("not Base64") == true)
        let missing = evaluationFailure { _ = try file.table(requiring: ["photo"]) }
        #expect(missing?.message.contains("no column \"photo\"") == true)
    }

    @Test func `a picture that cannot be read is named`() throws {
        let data = try DataFolder()
        let gone = PictureSource(name: "gone", place: .file(data.folder.file("gone.jpg")))
        let error = evaluationFailure { _ = try gone.load() }
        #expect(error?.code == .missingFile)
        #expect(error?.message.hasPrefix("image gone: cannot open") == true)
        try data.write("a.txt", "abc")
        let beyond = PictureSource(
            name: "far",
            place: .base64(file: data.folder.file("a.txt"), FilePlace(offset: 2, length: 5)))
        #expect(
            evaluationFailure { _ = try beyond.load() }?.message.contains("not within the file")
                == true)
        let vast = PictureSource(
            name: "vast",
            place: .base64(file: data.folder.file("a.txt"), FilePlace(offset: 0, length: .max)))
        #expect(evaluationFailure { _ = try vast.load() }?.code == .system)
        #expect(utf8Text(try PictureSource(name: "b", place: .bytes([0x61])).load()) == "a")
    }

    @Test func `errors of files keep their kind`() {
        let kinds: [(FileError.Code, EvaluationError.Code)] = [
            (.system, .system), (.missing, .missingFile), (.malformedJSON, .malformedFile),
            (.malformedFile, .malformedFile), (.invalidRequest, .invalidRequest),
        ]
        #expect(kinds.count == FileError.Code.allCases.count)
        for (code, expected) in kinds {
            let error = EvaluationError(FileError(code, "why"))
            #expect(error.code == expected)
            #expect(error.description == "why")
        }
    }
}
