import Foundation
import MiphaCheckpoints
import MiphaFiles
import Testing

#if canImport(Glibc)
    import Glibc
#endif

struct SafetensorsWriterTests {
    @Test(arguments: ["every-type", "shapes", "metadata", "no-tensors"])
    func `files equal those of the Python library to the byte`(_ name: String) throws {
        let scratch = try Scratch()
        let source = try SafetensorsFile(path: Fixture.path(name + ".safetensors"))
        let declarations = source.entries.map(\.declaration)
        let ordered = TensorDeclaration.referenceOrder(declarations.reversed())
        #expect(ordered == declarations)
        var writer = try SafetensorsWriter(
            path: scratch.file("out"), entries: ordered, metadata: source.metadata)
        for entry in source.entries { try writer.write(source.bytes(of: entry)) }
        try writer.finish()
        #expect(try scratch.bytes("out") == Fixture.bytes(name + ".safetensors"))
        #expect(try scratch.names == ["out"])
    }

    @Test func `random tensors in random pieces come back`() throws {
        let scratch = try Scratch()
        var generator = SplitMix64(seed: 3)
        for round in 0..<20 {
            var declarations: [TensorDeclaration] = []
            var contents: [[UInt8]] = []
            for number in 0..<Int.random(in: 0..<12, using: &generator) {
                let type = ScalarType.allCases[
                    Int.random(in: 0..<ScalarType.allCases.count, using: &generator)]
                let shape = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                    Int.random(in: 0..<6, using: &generator)
                }
                let entry = TensorDeclaration(name: "t\(number)", scalarType: type, shape: shape)
                declarations.append(entry)
                contents.append(
                    (0..<(entry.byteCount ?? 0)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    })
            }
            let path = scratch.file("\(round)")
            var writer = try SafetensorsWriter(
                path: path, entries: declarations, metadata: ["b": "2", "a": "\u{1}"])
            for bytes in contents {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...40, using: &generator))
                    try writer.write(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
            }
            try writer.finish()
            let file = try SafetensorsFile(path: path)
            #expect(file.metadata == ["b": "2", "a": "\u{1}"])
            #expect(Set(file.entries.map(\.name)) == Set(declarations.map(\.name)))
            for (declaration, bytes) in zip(declarations, contents) {
                let entry = try file.requiredEntry(declaration.name)
                #expect(entry.declaration == declaration)
                #expect(file.bytes(of: entry) == bytes)
            }
            #expect((file.entries.first?.byteRange.lowerBound ?? 0) % 8 == 0)
        }
    }

    @Test func `impossible declarations are refused before a file exists`() throws {
        let scratch = try Scratch()
        func message(_ entries: [TensorDeclaration]) -> String {
            checkpointError {
                let writer = try SafetensorsWriter(path: scratch.file("out"), entries: entries)
                try writer.finish()
            }.message
        }
        let fine = TensorDeclaration(name: "x", scalarType: .uint8, shape: [1])
        #expect(message([fine, fine]).contains("tensor \"x\": declared twice"))
        #expect(
            message([.init(name: "y", scalarType: .uint8, shape: [-1])]).contains(
                "tensor \"y\": impossible shape [-1]"))
        #expect(
            message([.init(name: "y", scalarType: .float64, shape: [1 << 40, 1 << 40])]).contains(
                "impossible shape"))
        #expect(
            message([.init(name: "__metadata__", scalarType: .uint8, shape: [1])]).contains(
                "reserved"))
        let half = TensorDeclaration(name: "z", scalarType: .uint8, shape: [Int.max])
        #expect(message([fine, half]).contains("overflows"))
        #expect(try scratch.names.isEmpty)
    }

    @Test func `missing and surplus bytes are refused and leave the old file`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("old", "out")
        let entries = [
            TensorDeclaration(name: "a", scalarType: .float32, shape: [2]),
            TensorDeclaration(name: "b", scalarType: .uint8, shape: [3]),
        ]
        let short = checkpointError {
            var writer = try SafetensorsWriter(path: path, entries: entries)
            try writer.write([Float(1), 2])
            try writer.write([UInt8(1)])
            try writer.finish()
        }
        #expect(short.message.contains("tensor \"b\": 1 of 3 bytes were written"))
        let long = checkpointError {
            var writer = try SafetensorsWriter(path: path, entries: entries)
            try writer.write([Float(1), 2, 3])
        }
        #expect(long.message.contains("tensor \"a\": 12 bytes written where 8 of 8 are left"))
        let surplus = checkpointError {
            var writer = try SafetensorsWriter(path: path, entries: entries)
            try writer.write([Float(1), 2])
            try writer.write([UInt8(1), 2, 3])
            try writer.write([UInt8(1)])
        }
        #expect(surplus.message.contains("1 bytes written after the last tensor"))
        #expect(try scratch.names == ["out"])
        #expect(try scratch.bytes("out") == Array("old".utf8))
    }

    @Test func `a writer that is dropped leaves nothing`() throws {
        let scratch = try Scratch()
        do {
            var writer = try SafetensorsWriter(
                path: scratch.file("out"),
                entries: [.init(name: "a", scalarType: .uint8, shape: [4])])
            try writer.write([UInt8(1), 2])
            #expect(try scratch.names.count == 1)
            #expect(try scratch.names != ["out"])
        }
        #expect(try scratch.names.isEmpty)
    }

    @Test func `folders that cannot be written are reported`() throws {
        let scratch = try Scratch()
        let entry = TensorDeclaration(name: "a", scalarType: .uint8, shape: [1])
        let missing = checkpointError {
            let writer = try SafetensorsWriter(
                path: scratch.file("no/out"), entries: [entry])
            try writer.finish()
        }
        #expect(missing.code == .system)
        #expect(missing.message.contains("cannot create \(scratch.path)/no/out: No such file"))
        try FileManager.default.createDirectory(
            atPath: scratch.file("folder"), withIntermediateDirectories: false)
        let folder = checkpointError {
            let writer = try SafetensorsWriter(path: scratch.file("folder"), entries: [entry])
            try writer.finish()
        }
        #expect(folder.message.contains("expected a file, found a folder"))
    }

    #if canImport(Glibc)
        @Test func `a write that the system cuts short is an error and leaves nothing`() async {
            await #expect(processExitsWith: .success) {
                // Files of this process may not pass 4096 bytes: the first write is cut short,
                // the next refused.
                var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
                let code = unsafe setrlimit(__rlimit_resource_t(1), &limit)
                try #require(code == 0)
                signal(SIGXFSZ, SIG_IGN)
                let scratch = try Scratch()
                let error = checkpointError {
                    var writer = try SafetensorsWriter(
                        path: scratch.file("out"),
                        entries: [.init(name: "a", scalarType: .uint8, shape: [10_000])])
                    try writer.write([UInt8](repeating: 1, count: 10_000))
                    try writer.finish()
                }
                try #require(error.code == .system)
                try #require(error.message.contains("File too large"))
                try #require(error.message.contains(scratch.file("out")))
                try #require(scratch.names.isEmpty)
            }
        }
    #endif
}
