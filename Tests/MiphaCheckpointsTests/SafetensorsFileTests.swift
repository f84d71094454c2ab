import Foundation
import MiphaCheckpoints
import MiphaFiles
import Testing

struct SafetensorsFileTests {
    @Test func `every element type of the Python library is read with its values`() throws {
        let file = try SafetensorsFile(path: Fixture.path("every-type.safetensors"))
        let expected = try JSONValue(contentsOf: Fixture.path("every-type.json"))
        #expect(Set(file.entries.map(\.scalarType)) == Set(ScalarType.allCases))
        #expect(file.metadata == ["format": "pt"])
        for entry in file.entries {
            #expect(entry.shape == [2, 3])
            #expect(entry.elementCount == 6)
            #expect(entry.byteCount == 6 * entry.scalarType.byteCount)
            #expect(entry.isAligned)
            let values = try #require(expected[entry.name]?.arrayValue).compactMap(\.integerValue)
            if entry.scalarType.isFloat {
                let floats = try file.floats(entry.name)
                for (value, bits) in zip(floats, values) {
                    let wanted = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
                    #expect(
                        value.bitPattern == wanted.bitPattern || (value.isNaN && wanted.isNaN),
                        "\(entry.name): \(value), expected \(wanted)")
                }
                #expect(floats.count == values.count)
            } else {
                #expect(try file.integers(entry.name) == values, "\(entry.name)")
            }
        }
    }

    @Test func `entries come in the order of their data with ranges in the file`() throws {
        let file = try SafetensorsFile(path: Fixture.path("shapes.safetensors"))
        let bytes = try Fixture.bytes("shapes.safetensors")
        #expect(file.entries.count == 7)
        for (entry, next) in zip(file.entries, file.entries.dropFirst()) {
            #expect(entry.byteRange.upperBound == next.byteRange.lowerBound)
        }
        #expect(file.entries.last?.byteRange.upperBound == bytes.count)
        for entry in file.entries {
            #expect(file.bytes(of: entry) == Array(bytes[entry.byteRange]))
            #expect(file.entry(entry.name) == entry)
            #expect(file.withSpan(of: entry) { $0.byteCount } == entry.byteCount)
            file.advise(.willNeed, for: entry)
            file.advise(.dontNeed, for: entry)
            #expect(file.bytes(of: entry) == Array(bytes[entry.byteRange]))
        }
        #expect(file.entry("scalar")?.shape == [])
        #expect(try file.floats("scalar") == [2.5])
        #expect(try file.floats("no elements") == [])
        #expect(file.entry("none in the middle")?.shape == [2, 0, 3])
        #expect(try file.integers("größe/\"quoted\"\\\n\u{2028}😀") == [0, 1, 2, 3, 4])
        #expect(file.entry("absent") == nil)
        #expect(file.metadata.isEmpty)
    }

    @Test func `a file without tensors is valid`() throws {
        let file = try SafetensorsFile(path: Fixture.path("no-tensors.safetensors"))
        #expect(file.entries.isEmpty)
        #expect(file.totalBytes == 0)
    }

    @Test func `metadata is decoded`() throws {
        let file = try SafetensorsFile(path: Fixture.path("metadata.safetensors"))
        #expect(file.metadata == ["läuft\n\u{1}\u{7F}\t": "\"ja\" \\ 😀"])
    }

    @Test func `misaligned tensors are reported and readable`() throws {
        let file = try SafetensorsFile(path: Fixture.path("misaligned.safetensors"))
        #expect(file.entry("flags")?.isAligned == true)
        #expect(file.entry("values")?.isAligned == false)
        #expect(try file.floats("values") == [1.5, -2])
    }

    @Test func `names are compared by bytes`() throws {
        let scratch = try Scratch()
        let header = """
            {"\u{E9}":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
            "e\u{301}":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}
            """
        let file = try SafetensorsFile(
            path: scratch.write(safetensors(header, data: 3), "a.safetensors"))
        #expect(file.entry("\u{E9}")?.shape == [1])
        #expect(file.entry("e\u{301}")?.shape == [2])
    }

    @Test func `wrong requests are errors`() throws {
        let file = try SafetensorsFile(path: Fixture.path("every-type.safetensors"))
        #expect(
            checkpointError { _ = try file.floats("int32") }.message.contains(
                "\"int32\": expected floats, found I32"))
        #expect(checkpointError { _ = try file.integers("float32") }.code == .unsupportedType)
        let missing = checkpointError { _ = try file.floats("nothing") }
        #expect(missing.code == .missing)
        #expect(missing.message.contains("every-type.safetensors: no tensor \"nothing\""))
    }

    @Test func `integers beyond Int are an error`() throws {
        let scratch = try Scratch()
        let path = scratch.file("a.safetensors")
        var writer = try SafetensorsWriter(
            path: path, entries: [.init(name: "x", scalarType: .uint64, shape: [1])])
        try writer.write([UInt64.max])
        try writer.finish()
        let file = try SafetensorsFile(path: path)
        #expect(checkpointError { _ = try file.integers("x") }.code == .unsupportedType)
    }

    @Test func `what is not a regular file is refused`() throws {
        let scratch = try Scratch()
        let folder = checkpointError { _ = try SafetensorsFile(path: scratch.path) }
        #expect(folder.message.contains("found a folder"))
        let device = checkpointError { _ = try SafetensorsFile(path: "/dev/zero") }
        #expect(device.message.contains("expected a regular file"))
        let absent = checkpointError { _ = try SafetensorsFile(path: scratch.file("none")) }
        #expect(absent.code == .missing)
        let empty = try scratch.write([], "empty")
        #expect(
            checkpointError { _ = try SafetensorsFile(path: empty) }.message.contains(
                "at least 8 bytes, found 0"))
    }

    @Test func `a mapped file stays whole when the path is written again`() throws {
        let scratch = try Scratch()
        let path = scratch.file("a.safetensors")
        let entries = [TensorDeclaration(name: "x", scalarType: .float32, shape: [1])]
        var first = try SafetensorsWriter(path: path, entries: entries)
        try first.write([Float(1)])
        try first.finish()
        let old = try SafetensorsFile(path: path)
        var second = try SafetensorsWriter(path: path, entries: entries)
        try second.write([Float(2)])
        try second.finish()
        #expect(try old.floats("x") == [1])
        #expect(try SafetensorsFile(path: path).floats("x") == [2])
    }
}
