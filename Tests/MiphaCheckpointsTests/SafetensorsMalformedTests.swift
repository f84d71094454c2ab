import MiphaCheckpoints
import MiphaFiles
import Testing

struct MalformedCase: Sendable, CustomTestStringConvertible {
    let header: String
    var data = 4
    let message: String
    var code = CheckpointError.Code.malformedFile

    var testDescription: String { message }

    /// A case whose tensor "x" has these fields.
    static func tensor(_ fields: String, data: Int = 4, _ message: String) -> Self {
        Self(header: "{\"x\":{\(fields)}}", data: data, message: message)
    }

    /// A case whose tensor "x" is of bytes with this shape and these offsets.
    static func ranges(_ shape: String, _ offsets: String, _ message: String) -> Self {
        tensor("\"dtype\":\"U8\",\"shape\":\(shape),\"data_offsets\":\(offsets)", message)
    }

    /// A case with two byte tensors.
    static func pair(_ first: String, _ second: String, data: Int, _ message: String) -> Self {
        Self(
            header: "{\"a\":{\"dtype\":\"U8\",\(first)},\"b\":{\"dtype\":\"U8\",\(second)}}",
            data: data, message: message)
    }

    static func type(_ name: String) -> Self {
        Self(
            header: "{\"x\":{\"dtype\":\"\(name)\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            message: "tensor \"x\": unsupported dtype \"\(name)\"", code: .unsupportedType)
    }

    static let all: [Self] =
        syntax + fields + numbers + tiling + metadata
        + ["F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "F8_E5M2FNUZ", "C64", "f32", "", "I128"].map(type)

    static let syntax: [Self] = [
        .init(header: "", message: "expected the header to start with '{', found the end"),
        .init(header: " {}", message: "start with '{', found byte 0x20 (byte 8)"),
        .init(header: "[]", message: "start with '{', found '['"),
        .init(header: "null", message: "start with '{', found 'n'"),
        .init(header: "{", message: "expected a string, found the end"),
        .init(header: "{}", message: "4 trailing bytes belong to no tensor (byte 10)"),
        .init(header: "{}x", data: 0, message: "expected the end of the header, found 'x'"),
        .init(header: "{}\u{0}", data: 0, message: "found byte 0x00 (byte 10)"),
        .init(header: "{\"x\"}", message: "expected ':' after \"x\", found '}'"),
        .init(header: "{\"x\":}", message: "tensor \"x\": expected an object, found '}'"),
        .init(header: "{\"x\":[]}", message: "tensor \"x\": expected an object, found '['"),
        .init(header: "{\"x\":1}", message: "tensor \"x\": expected an object, found '1'"),
        .init(header: "{\"x\":{}", message: "tensor \"x\": field \"dtype\" is missing"),
        .init(header: "{x:{}}", message: "expected a string, found 'x'"),
        .init(header: "{,}", message: "expected a string, found ','"),
        .init(header: "{\"x", message: "string without closing quotation mark (byte 9)"),
        .init(header: "{\"\\ud800\":{}}", message: "half of a surrogate pair"),
        .init(header: "{\"\\x\":{}}", message: "unknown escape"),
        .init(header: "{\"a\nb\":{}}", message: "control character"),
    ]

    static let fields: [Self] = [
        .tensor("\"shape\":[4],\"data_offsets\":[0,4]", "field \"dtype\" is missing (byte 9)"),
        .tensor("\"dtype\":\"U8\",\"data_offsets\":[0,4]", "field \"shape\" is missing"),
        .tensor("\"dtype\":\"U8\",\"shape\":[4]", "field \"data_offsets\" is missing"),
        .tensor(
            "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":1",
            "unknown field \"more\""),
        .tensor("\"dtype\":\"U8\",\"dtype\":\"U8\"", "field \"dtype\" is given twice"),
        .tensor("\"shape\":[4],\"shape\":[4]", "field \"shape\" is given twice"),
        .tensor(
            "\"data_offsets\":[0,4],\"data_offsets\":[0,4]",
            "field \"data_offsets\" is given twice"),
        .tensor("\"dtype\":1", "tensor \"x\": expected a string, found '1'"),
        .tensor("\"dtype\":\"U8\",", "expected a string, found '}'"),
        .tensor("\"shape\":{}", "expected shape to be an array of integers, found '{'"),
        .tensor("\"shape\":[1 2]", "expected ',' or ']' in shape, found '2'"),
        .tensor("\"shape\":[[1]]", "expected a digit, found '['"),
        .tensor("\"shape\":[\"1\"]", "expected a digit, found '\"'"),
        .tensor("\"shape\":[null]", "expected a digit, found 'n'"),
        .tensor("\"shape\":[1,]", "expected a digit, found ']'"),
        .tensor("\"shape\":null", "found 'n'"),
        .init(
            header: "{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                + "\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            message: "duplicate tensor name \"x\" (byte 61)"),
        .init(
            header: "{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                + "\"\\u0078\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            message: "duplicate tensor name \"x\""),
        .init(
            header: "{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},}",
            message: "expected a string, found '}'"),
    ]

    static let numbers: [Self] = [
        .ranges("[-4]", "[0,4]", "tensor \"x\": shape: expected integers from 0 to"),
        .ranges("[-0]", "[0,0]", "found -0"),
        .ranges("[4.0]", "[0,4]", "found 4.0"),
        .ranges("[4e0]", "[0,4]", "found 4e0"),
        .ranges("[04]", "[0,4]", "leading zero"),
        .ranges("[+4]", "[0,4]", "expected a digit, found '+'"),
        .ranges("[9223372036854775808]", "[0,4]", "found 9223372036854775808"),
        .ranges("[99999999999999999999999999999]", "[0,4]", "expected integers from 0"),
        .ranges("[9223372036854775807,2]", "[0,4]", "size of the shape overflows"),
        .ranges("[4294967296,4294967296]", "[0,4]", "size of the shape overflows"),
        .ranges("[4294967296,4294967296,0]", "[0,0]", "size of the shape overflows"),
        .tensor(
            "\"dtype\":\"F64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]",
            "size of the shape overflows"),
        .ranges("[4]", "[-1,3]", "data_offsets: expected integers"),
        .ranges("[4]", "[0,4.5]", "data_offsets: expected integers"),
        .ranges("[4]", "[0,18446744073709551620]", "data_offsets: expected integers"),
        .ranges("[4]", "[0]", "data_offsets: expected 2 numbers, found 1"),
        .ranges("[4]", "[]", "data_offsets: expected 2 numbers, found 0"),
        .ranges("[4]", "[0,4,8]", "data_offsets: expected 2 numbers, found 3"),
    ]

    static let tiling: [Self] = [
        .ranges("[3]", "[0,4]", "shape [3] of U8 needs 3 bytes, data_offsets hold 4 (byte 9)"),
        .ranges("[5]", "[0,4]", "needs 5 bytes"),
        .ranges("[0]", "[0,4]", "needs 0 bytes"),
        .ranges("[]", "[0,4]", "needs 1 bytes"),
        .ranges("[4]", "[4,0]", "data_offsets end at 0 before they start at 4"),
        .ranges("[5]", "[0,5]", "end at 5, beyond the data section of 4 bytes"),
        .ranges("[4]", "[4,8]", "end at 8, beyond the data section of 4 bytes"),
        .ranges("[3]", "[0,3]", "1 trailing bytes belong to no tensor"),
        .ranges("[3]", "[1,4]", "gap in front of the data: bytes 0 to 1"),
        .ranges("[0]", "[0,0]", "4 trailing bytes"),
        .pair(
            "\"shape\":[4],\"data_offsets\":[0,4]", "\"shape\":[4],\"data_offsets\":[2,6]",
            data: 6, "tensor \"b\": data starts at 2 and overlaps tensor \"a\", which ends at 4"),
        .pair(
            "\"shape\":[4],\"data_offsets\":[0,4]", "\"shape\":[4],\"data_offsets\":[0,4]",
            data: 4, "tensor \"b\": data starts at 0 and overlaps tensor \"a\""),
        .pair(
            "\"shape\":[4],\"data_offsets\":[0,4]", "\"shape\":[0],\"data_offsets\":[2,2]",
            data: 4, "tensor \"b\": data starts at 2 and overlaps"),
        .pair(
            "\"shape\":[2],\"data_offsets\":[4,6]", "\"shape\":[2],\"data_offsets\":[0,2]",
            data: 6, "tensor \"a\": gap in front of the data: bytes 2 to 4"),
        .pair(
            "\"shape\":[2],\"data_offsets\":[0,2]", "\"shape\":[2],\"data_offsets\":[2,4]",
            data: 3, "tensor \"b\": data_offsets end at 4, beyond the data section of 3 bytes"),
    ]

    static let metadata: [Self] = [
        .init(header: "{\"__metadata__\":null}", data: 0, message: "to be an object of strings"),
        .init(header: "{\"__metadata__\":[]}", data: 0, message: "to be an object of strings"),
        .init(
            header: "{\"__metadata__\":{\"a\":1}}", data: 0,
            message: "expected a string for the __metadata__ key \"a\", found '1'"),
        .init(header: "{\"__metadata__\":{\"a\":{}}}", data: 0, message: "found '{'"),
        .init(header: "{\"__metadata__\":{\"a\":null}}", data: 0, message: "found 'n'"),
        .init(
            header: "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", data: 0,
            message: "duplicate __metadata__ key \"a\""),
        .init(
            header: "{\"__metadata__\":{},\"__metadata__\":{}}", data: 0,
            message: "duplicate tensor name \"__metadata__\""),
    ]
}

struct SafetensorsMalformedTests {
    @Test(arguments: MalformedCase.all)
    func `a malformed header is refused with its reason`(_ example: MalformedCase) {
        let bytes = safetensors(example.header, data: example.data)
        let error = checkpointError(example.header) {
            _ = try SafetensorsHeader(file: "f.safetensors", bytes: bytes)
        }
        #expect(error.code == example.code)
        #expect(error.message.hasPrefix("f.safetensors: "))
        #expect(error.message.contains(example.message), "\(error.message)")
        #expect(error.message.contains("(byte "), "\(error.message)")
    }

    @Test func `a pointer of Git LFS is distinguished from a file`() {
        let pointer = """
            version https://git-lfs.github.com/spec/v1
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
            size 12345

            """
        let error = checkpointError {
            _ = try SafetensorsHeader(file: "model.safetensors", bytes: Array(pointer.utf8))
        }
        #expect(
            error.message
                == "model.safetensors: expected a safetensors file, found a pointer of Git LFS; fetch "
                + "the file with 'git lfs pull'")
    }

    @Test func `impossible header lengths are refused`() throws {
        let whole = safetensors("{}      ", data: 0)
        for count in 0..<8 {
            let error = checkpointError {
                _ = try SafetensorsHeader(file: "f", bytes: Array(whole.prefix(count)))
            }
            #expect(error.message.contains("at least 8 bytes, found \(count)"))
        }
        for length: UInt64 in [9, 100, 100_000_000] {
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + whole[8...]
            let error = checkpointError { _ = try SafetensorsHeader(file: "f", bytes: bytes) }
            #expect(error.message.contains("header of \(length) bytes reaches beyond the file"))
        }
        for length: UInt64 in [100_000_001, 1 << 63, .max, .max - 7] {
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + whole[8...]
            let error = checkpointError { _ = try SafetensorsHeader(file: "f", bytes: bytes) }
            #expect(error.message.contains("header of \(length) bytes is longer than"))
        }
    }

    private func isNotUTF8(_ message: String) -> Bool {
        message.hasPrefix("f: text is not UTF-8: byte 0x") && message.hasSuffix(" (byte 12)")
    }

    @Test func `headers that are not UTF-8 are refused with the byte`() {
        let sequences: [[UInt8]] = [
            [0xFF], [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xE2, 0x82], [0xF0, 0x9F, 0x98],
        ]
        for sequence in sequences {
            let name = Array("{\"ab".utf8) + sequence + Array("\":{}}".utf8)
            let error = checkpointError {
                _ = try SafetensorsHeader(file: "f", bytes: safetensors(name, data: 0))
            }
            #expect(isNotUTF8(error.message), "\(sequence)")
            let escaped = Array("{\"\\n".utf8) + sequence + Array("\":{}}".utf8)
            let other = checkpointError {
                _ = try SafetensorsHeader(file: "f", bytes: safetensors(escaped, data: 0))
            }
            #expect(isNotUTF8(other.message), "\(sequence)")
        }
    }

    @Test func `long and odd names are shortened and escaped in messages`() {
        let name = "\\u0007" + String(repeating: "n", count: 5000)
        let error = checkpointError {
            _ = try SafetensorsHeader(file: "f", bytes: safetensors("{\"\(name)\":{}}", data: 0))
        }
        #expect(error.message.contains("\\u{7}nnn"))
        #expect(error.message.count < 300)
    }

    @Test(arguments: ["every-type", "shapes", "metadata", "misaligned", "no-tensors"])
    func `flipped bits never trap and never give bytes outside the file`(_ name: String) throws {
        let original = try Fixture.bytes(name + ".safetensors")
        let headerEnd = 8 + Int(original[0]) + Int(original[1]) << 8
        var generator = SplitMix64(seed: 7)
        var refused = 0
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let position = Int.random(in: 0..<headerEnd, using: &generator)
                bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            do {
                let header = try SafetensorsHeader(file: name, bytes: bytes)
                for entry in header.entries {
                    #expect(entry.byteRange.upperBound <= bytes.count)
                    #expect(entry.byteCount == entry.declaration.byteCount)
                }
            } catch {
                refused += 1
                #expect(error.message.hasPrefix(name))
            }
        }
        #expect(refused > 1000)
    }

    @Test func `every truncation and every appended byte is refused`() throws {
        for name in ["every-type", "shapes", "metadata", "misaligned"] {
            let original = try Fixture.bytes(name + ".safetensors")
            for count in 0..<original.count {
                #expect(throws: CheckpointError.self, "\(name) cut to \(count)") {
                    try SafetensorsHeader(file: name, bytes: Array(original.prefix(count)))
                }
            }
            #expect(throws: CheckpointError.self) {
                try SafetensorsHeader(file: name, bytes: original + [0])
            }
        }
    }

    @Test func `mutated files on disk open or throw`() throws {
        let scratch = try Scratch()
        let original = try Fixture.bytes("shapes.safetensors")
        var generator = SplitMix64(seed: 11)
        for number in 0..<240 {
            var bytes = original
            switch number % 3 {
            case 0:
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
                    1
                    << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
            default:
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
            }
            let path = try scratch.write(bytes, "a.safetensors")
            do {
                let file = try SafetensorsFile(path: path)
                for entry in file.entries {
                    #expect(file.bytes(of: entry) == Array(bytes[entry.byteRange]))
                }
            } catch {
                #expect(error.message.hasPrefix(path))
            }
        }
    }
}
