import MiphaFiles
import Testing

/// Lists of the fields of other programs' files.
@Suite struct FileFieldsTests {
    private let fields = FileFields(
        "some.json",
        [
            .init("width height", .used),
            .init("author", .harmless),
            .init("scale", .only([1, "none"]), "nothing is scaled"),
            .init("noise", .onlyInTraining([0])),
            .init("code", .told(unless: [""]), "it is never run"),
            .init("part", .object(FileFields("part", [.init("depth", .only([2]))]))),
        ])

    private func findings(_ object: JSONObject) -> FileFields.Findings {
        fields.examine(object, file: "f")
    }

    @Test func `listed fields and null say nothing`() {
        let found = findings([
            "width": 3, "author": [1], "scale": 1.0, "noise": 0, "code": "", "unheard-of": .null,
            "part": ["depth": 2.0],
        ])
        #expect(found == FileFields.Findings())
        #expect(found.notes("f").isEmpty)
    }

    @Test func `a value that would change results is refused by name`() {
        let found = findings(["scale": 2, "part": ["depth": .array([])]])
        #expect(
            found.refused == [
                "f: scale: expected the integer 1 or the string \"none\", or no such key, found "
                    + "the integer 2; nothing is scaled",
                "f: part.depth: expected the integer 2, or no such key, found an array of 0",
            ])
    }

    @Test(
        arguments: [
            ("deep", "the string \"deep\""), (2, "the integer 2"), (true, "true"),
            ([], "an array of 0"),
        ] as [(JSONValue, String)])
    func `a value in the place of an object is refused by name`(
        _ value: JSONValue, _ found: String
    ) {
        #expect(
            findings(["part": value]).refused
                == ["f: part: expected an object, or no such key, found \(found)"])
        #expect(findings(["part": .null]) == FileFields.Findings())
    }

    @Test func `what only training cannot follow is kept apart`() {
        let found = findings(["noise": 0.1])
        #expect(found.refused.isEmpty)
        #expect(found.refusedInTraining.count == 1)
        #expect(found.refusedInTraining[0].contains("noise"))
    }

    @Test func `unknown and unfollowed fields give notes`() {
        let found = findings(["colour": 1, "part": ["weight": 2], "code": "x.py"])
        #expect(
            found.notes("f") == [
                "f: code \"x.py\" is not followed; it is never run",
                "f: fields that are not known here and have no effect: colour, part.weight",
            ])
    }
}
