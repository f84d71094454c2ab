import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// A folder of benchmark data that a test fills.
struct DataFolder {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    var path: String { folder.path }

    func write(_ name: String, _ text: String) throws {
        try write(name, Array(text.utf8))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        if let slash = name.lastIndex(of: "/") { _ = try folder.folder(String(name[..<slash])) }
        try AtomicFile.write(bytes, to: folder.file(name))
    }

    func zip(_ name: String, _ entries: [(String, String)], isDeflated: Bool = true) throws {
        var zip = ZipWriter()
        for (name, text) in entries {
            try zip.add(name, Array(text.utf8), isDeflated: isDeflated)
        }
        try write(name, try zip.finished())
    }
}

func utf8Text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The error that `body` throws, or nil.
func evaluationFailure(_ body: () throws -> Void) -> EvaluationError? {
    do {
        try body()
        return nil
    } catch {
        return error as? EvaluationError
    }
}

struct BenchmarkFilesTests {
    @Test func `a file is found by its path, then by its name in folders, then in archives`() throws
    {
        let data = try DataFolder()
        try data.zip("a.zip", [("eval/pope/answers.json", "zip"), ("only.json", "zip only")])
        let files = try BenchmarkFiles(data.path + "/")
        let inZip = try files.file(["pope/answers.json"], what: "answers")
        #expect(utf8Text(try inZip.read()) == "zip")
        #expect(inZip.name == "\(data.path)/a.zip/eval/pope/answers.json")

        try data.write("x/y/answers.json", "deep")
        let deep = try BenchmarkFiles(data.path).file(["pope/answers.json"], what: "answers")
        #expect(utf8Text(try deep.read()) == "deep")

        try data.write("pope/answers.json", "exact")
        let exact = try BenchmarkFiles(data.path).file(
            ["nothing.json", "pope/answers.json"], what: "answers")
        #expect(utf8Text(try exact.read()) == "exact")
        #expect(exact.name == "\(data.path)/pope/answers.json")
        let only = try BenchmarkFiles(data.path).file(["only.json"], what: "answers")
        #expect(utf8Text(try only.read()) == "zip only")
    }

    @Test func `earlier names win`() throws {
        let data = try DataFolder()
        try data.write("a.json", "a")
        try data.write("b.json", "b")
        let files = try BenchmarkFiles(data.path)
        #expect(utf8Text(try files.file(["b.json", "a.json"], what: "x").read()) == "b")
        #expect(utf8Text(try files.file(["c.json", "a.json", "b.json"], what: "x").read()) == "a")
    }

    @Test func `files three folders down are found, deeper ones are not`() throws {
        let data = try DataFolder()
        try data.write("1/2/3/here.json", "3")
        try data.write("1/2/3/4/there.json", "4")
        let files = try BenchmarkFiles(data.path)
        #expect(utf8Text(try files.file(["here.json"], what: "x").read()) == "3")
        #expect(try files.optionalFile(["there.json"]) == nil)
        #expect(utf8Text(try files.file(["1/2/3/4/there.json"], what: "x").read()) == "4")
    }

    @Test func `of several files the one with more of the path wins, then the nearest`() throws {
        let data = try DataFolder()
        try data.write("z/gqa/q.json", "gqa")
        try data.write("a/vqa/q.json", "vqa")
        try data.write("near/w.json", "near")
        try data.write("a/far/w.json", "far")
        let files = try BenchmarkFiles(data.path)
        #expect(utf8Text(try files.file(["gqa/q.json"], what: "x").read()) == "gqa")
        #expect(utf8Text(try files.file(["w.json"], what: "x").read()) == "near")
        let error = evaluationFailure { _ = try files.file(["q.json"], what: "questions") }
        #expect(error?.code == .wrongFile)
        #expect(error?.message.contains("2 files could be the questions") == true)
        #expect(error?.message.contains("a/vqa/q.json") == true)
        let other = evaluationFailure { _ = try files.optionalFile(["q.json"]) }
        #expect(other?.message.contains("2 files could be the file q.json") == true)
        // Another name that one of them has whole is certain.
        let whole = try files.optionalFile(["q.json", "vqa/q.json"])
        #expect(try whole.map { utf8Text(try $0.read()) } == "vqa")
        #expect(try files.optionalFile(["other/q.json"], isWhole: true) == nil)
    }

    @Test func `a missing file tells what was looked for and what is similar`() throws {
        let data = try DataFolder()
        try data.write("other/coco_pope_popular.json", "[]")
        try data.write("picture.jpg", "x")
        try data.zip("eval.zip", [("pope/llava_pope_test.jsonl", ""), ("a/b.png", "")])
        try data.write("broken.zip", "not a zip")
        let files = try BenchmarkFiles(data.path)
        let error = evaluationFailure {
            _ = try files.file(["coco_pope_random.json", "pope/random.json"], what: "labels")
        }
        #expect(error?.code == .missingFile)
        let message = error?.message ?? ""
        #expect(
            message.contains(
                "no labels; looked for \"coco_pope_random.json\", \"pope/random.json\""))
        #expect(message.contains("similar files: other/coco_pope_popular.json"))
        #expect(message.contains("eval.zip/pope/llava_pope_test.jsonl"))
        #expect(message.contains("not read: \(data.path)/broken.zip: expected a zip archive"))
        #expect(!message.contains("picture.jpg") && !message.contains("b.png"))
    }

    @Test func `a single file is taken whatever its name`() throws {
        let data = try DataFolder()
        try data.write("mine.txt", "{\"a\": [1]}")
        let files = try BenchmarkFiles(data.folder.file("mine.txt"))
        #expect(files.isFile)
        let file = try files.file(["questions.json"], what: "questions")
        #expect(try file.json() == ["a": [1]])
        #expect(try files.optionalFile(["x"])?.name == file.name)
        #expect(try !BenchmarkFiles(data.path).isFile)
    }

    @Test func `an archive is looked into, and what lies beside it is not`() throws {
        let data = try DataFolder()
        try data.write("beside.json", "1")
        try data.zip(
            "all.zip",
            [
                ("__MACOSX/eval/q.json", "resource"), ("eval/._q.json", "hidden"),
                ("eval/q.json", "[2]"), ("eval/more/q.json", "[3]"),
            ])
        let files = try BenchmarkFiles(data.folder.file("all.zip"))
        #expect(try files.file(["q.json"], what: "questions").json() == [2])
        #expect(try files.file(["more/q.json"], what: "questions").json() == [3])
        let error = evaluationFailure { _ = try files.file(["beside.json"], what: "labels") }
        #expect(error?.message.contains("in the archive") == true)
    }

    @Test func `nothing at the path is an error`() {
        let error = evaluationFailure { _ = try BenchmarkFiles("/no/such/place") }
        #expect(error?.code == .missingFile)
        #expect(error?.message.hasPrefix("/no/such/place: no such file or folder") == true)
    }

    @Test func `a damaged archive or JSON file is an error with its name`() throws {
        let data = try DataFolder()
        try data.write("bad.zip", "PK nothing")
        let archive = try BenchmarkFiles(data.folder.file("bad.zip"))
        let error = evaluationFailure { _ = try archive.file(["a"], what: "labels") }
        #expect(error?.message.contains("not read: \(data.path)/bad.zip") == true)
        try data.zip("good.zip", [("a.json", "[1,]")])
        let good = try BenchmarkFiles(data.folder.file("good.zip"))
        let json = evaluationFailure { _ = try good.file(["a.json"], what: "labels").json() }
        #expect(json?.code == .malformedFile)
        #expect(json?.message.contains("good.zip/a.json:1:4") == true)
    }

    @Test func `names that lead upwards or are absolute find nothing`() throws {
        let data = try DataFolder()
        try data.write("in/a.json", "1")
        try data.write("secret.json", "2")
        let files = try BenchmarkFiles(data.folder.file("in"))
        for name in ["../secret.json", "/etc/passwd", "", "a/../../secret.json", "x\0"] {
            #expect(try files.optionalFile([name]) == nil)
            #expect(files.picture(name, in: ["", "x"]) == nil)
        }
        #expect(files.picture("secret.json", in: ["..", "/"]) == nil)
    }

    @Test func `a file is read in pieces, and not beyond the limit`() throws {
        let data = try DataFolder()
        let content = String(repeating: "0123456789", count: 300_000)
        try data.write("a.txt", content)
        try data.zip("b.zip", [("b.txt", content)])
        let files = try BenchmarkFiles(data.path)
        for name in ["a.txt", "b.txt"] {
            let file = try files.file([name], what: "text")
            var source = try file.open()
            var count = 0
            while true {
                let piece = try source.read(upTo: 1000)
                if piece.isEmpty { break }
                count += piece.count
            }
            #expect(count == 3_000_000)
            #expect(evaluationFailure { _ = try file.read(limit: 2_999_999) }?.code == .system)
        }
    }
}
