import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import Testing

/// Files of torch.save (Tools/goldens/torch_save.py).
@Suite struct TorchArchiveTests {
    private static func path(_ name: String) -> String {
        PackagePaths.fixture("torch-save/\(name)")
    }

    @Test func `tensors of all kinds are what they show`() throws {
        let archive = try TorchArchive(path: Self.path("variants.bin"))
        let expected = try SafetensorsFile(path: Self.path("variants.safetensors"))
        #expect(Set(archive.tensors.map(\.name)) == Set(expected.entries.map(\.name)))
        for (name, tensor) in archive.tensors {
            let entry = try expected.requiredEntry(name)
            #expect(tensor.shape == entry.shape, "\(name)")
            #expect(tensor.scalarType == entry.scalarType, "\(name)")
            #expect(try archive.bytes(of: tensor) == expected.bytes(of: entry), "\(name)")
        }
    }

    @Test(arguments: ["module.bin", "protocol4.bin"])
    func `the state of a module is a table of tensors`(_ name: String) throws {
        let archive = try TorchArchive(path: Self.path(name))
        let found = archive.tensors.map { "\($0.name) \($0.tensor.shape)" }
        #expect(found == ["0.weight [3, 2]", "0.bias [3]", "1.weight [3]", "1.bias [3]"])
        for (_, tensor) in archive.tensors {
            #expect(try archive.bytes(of: tensor).count == 4 * tensor.elementCount)
        }
    }

    @Test(arguments: [
        ("run.bin", "can run programs"), ("nested.bin", "key \"model\": expected a tensor"),
        ("old.bin", "PyTorch 1.6"), ("manifest.json", "zip"),
    ])
    func `other contents are refused by name`(_ name: String, _ expected: String) throws {
        let error = try #require(throws: CheckpointError.self) {
            try TorchArchive(path: Self.path(name))
        }
        #expect(error.message.contains(expected), "\(error)")
        #expect(error.message.contains(name), "\(error)")
    }

    // MARK: Damage

    /// The entries of a fixture.
    private func parts(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
        let archive = try ZipArchive(path: Self.path(name))
        return try archive.entries.map { ($0.name, try archive.read($0)) }
    }

    /// Opens an archive of these entries, and reads all tensors of moderate size.
    private func open(_ parts: [(name: String, bytes: [UInt8])], in scratch: Scratch) throws {
        var writer = ZipWriter()
        for part in parts { try writer.add(part.name, part.bytes) }
        let path = try scratch.write(try writer.finished(), "file.bin")
        let archive = try TorchArchive(path: path)
        for (_, tensor) in archive.tensors where tensor.elementCount < 1 << 12 {
            let size = tensor.elementCount * tensor.scalarType.byteCount
            #expect(try archive.bytes(of: tensor).count == size)
        }
    }

    /// Opens a fixture with another pickle in it.
    private func open(_ name: String, pickle: [UInt8], in scratch: Scratch) throws {
        let parts = try parts(name).map { part in
            part.name.hasSuffix("/data.pkl") ? (part.name, pickle) : part
        }
        try open(parts, in: scratch)
    }

    private func pickle(_ name: String) throws -> [UInt8] {
        try #require(try parts(name).first { $0.name.hasSuffix("/data.pkl") }).bytes
    }

    @Test func `a pickle that is cut is refused`() throws {
        let scratch = try Scratch()
        let whole = try pickle("module.bin")
        try open("module.bin", pickle: whole, in: scratch)
        for count in 0..<whole.count {
            #expect(throws: CheckpointError.self) {
                try open("module.bin", pickle: Array(whole.prefix(count)), in: scratch)
            }
        }
    }

    @Test func `a pickle with other bytes is read or refused, and does nothing else`() throws {
        let scratch = try Scratch()
        let whole = try pickle("variants.bin")
        var generator = SplitMix64(seed: 5)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                try open("variants.bin", pickle: bytes, in: scratch)
            } catch is CheckpointError {
                refused += 1
            }
        }
        #expect(refused > 500 && refused < 2000, "\(refused)")
    }

    @Test(arguments: [
        "}}}", "(((", ")", "\u{7F}", "cos\nsystem\n.", "ctorch\nComplexFloatStorage\n.", "K\u{01}.",
        "}K\u{01}K\u{02}s.", "}q\u{00}X\u{01}\u{00}\u{00}\u{00}ah\u{00}s.", "h\u{07}.", "]", "}}b)",
        "J\u{7F}\u{7F}\u{7F}\u{7F}r\u{7F}\u{7F}\u{7F}\u{7F}.", "X\u{7F}\u{7F}\u{7F}\u{7F}a.",
    ])
    func `programs that are not a table of tensors are refused`(_ text: String) throws {
        let scratch = try Scratch()
        #expect(throws: CheckpointError.self) {
            try open("module.bin", pickle: Array(text.utf8), in: scratch)
        }
    }

    @Test func `depth is bounded`() throws {
        let scratch = try Scratch()
        let tuples = [UInt8](repeating: 0x85, count: 1 << 20)
        let tables = Array("}X\u{01}\u{00}\u{00}\u{00}a".utf8)
        for bytes in [
            [UInt8(ascii: ")")] + tuples + [UInt8(ascii: ".")],
            Array(Array(repeating: tables, count: 1 << 16).joined()) + Array("N".utf8)
                + [UInt8](repeating: UInt8(ascii: "s"), count: 1 << 16) + [UInt8(ascii: ".")],
        ] {
            #expect(throws: CheckpointError.self) {
                try open("module.bin", pickle: bytes, in: scratch)
            }
        }
    }

    @Test func `storages that are missing or of another size are refused by the tensor's name`()
        throws
    {
        let scratch = try Scratch()
        let parts = try parts("module.bin")
        for change in [
            { (bytes: [UInt8]) -> [UInt8]? in nil }, { bytes in bytes + [0] },
            { bytes in Array(bytes.dropLast()) },
        ] {
            let damaged = parts.compactMap { part in
                part.name.hasSuffix("/data/1") ? change(part.bytes).map { (part.name, $0) } : part
            }
            let error = try #require(throws: CheckpointError.self) {
                try open(damaged, in: scratch)
            }
            #expect(error.message.contains("tensor \"0.bias\""), "\(error)")
        }
        let big = parts.map { part in
            part.name.hasSuffix("/byteorder") ? (part.name, Array("big".utf8)) : part
        }
        let error = try #require(throws: CheckpointError.self) { try open(big, in: scratch) }
        #expect(error.message.contains("byteorder: expected little, found \"big\""), "\(error)")
    }
}
