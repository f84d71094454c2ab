import Foundation
import MiphaCheckpoints
import MiphaFiles
import Testing

struct CheckpointTests {
    private func copyShards(to scratch: Scratch) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: Fixture.path("sharded")) {
            try FileManager.default.copyItem(
                atPath: Fixture.path("sharded/" + name), toPath: scratch.file(name))
        }
    }

    private static let index = "model.safetensors.index.json"

    /// The message when the index is rewritten by `change`.
    private func message(_ change: (inout JSONObject) throws -> Void) throws -> CheckpointError {
        let scratch = try Scratch()
        try copyShards(to: scratch)
        var index = try #require(
            try JSONValue(contentsOf: scratch.file(Self.index)).objectValue)
        var map = try #require(index["weight_map"]?.objectValue)
        try change(&map)
        index["weight_map"] = .object(map)
        try JSONValue.object(index).write(to: scratch.file(Self.index))
        let error = checkpointError { _ = try Checkpoint(folder: scratch.path) }
        #expect(error.message.hasPrefix(scratch.path), "\(error.message)")
        return error
    }

    @Test func `shards of the Python library are read`() throws {
        let checkpoint = try Checkpoint(folder: Fixture.path("sharded"))
        #expect(checkpoint.files.count == 3)
        #expect(checkpoint.names.count == 6)
        #expect(checkpoint.totalBytes == 2588)
        for name in checkpoint.names {
            let (file, entry) = try #require(checkpoint.find(name))
            #expect(file.entry(name) == entry)
        }
        #expect(checkpoint.find("lm_head.bias")?.1.shape == [7])
        #expect(checkpoint.find("none") == nil)
        let same = try Checkpoint(file: Fixture.path("sharded/" + Self.index))
        #expect(same.names == checkpoint.names)
        #expect(same.entries == checkpoint.entries)
    }

    @Test func `one file goes before an index`() throws {
        let scratch = try Scratch()
        try copyShards(to: scratch)
        try FileManager.default.copyItem(
            atPath: Fixture.path("metadata.safetensors"), toPath: scratch.file("model.safetensors"))
        #expect(try Checkpoint(folder: scratch.path).names == ["x"])
    }

    @Test func `an index that disagrees with its shards is refused`() throws {
        let missing = try message { $0["model.layers.0.fc.weight"] = "gone.safetensors" }
        #expect(missing.code == .missing)
        #expect(missing.message.contains("names the shard \"gone.safetensors\", no such file"))
        let absent = try message { $0["other"] = "model-00001-of-00003.safetensors" }
        #expect(
            absent.message.contains(
                "tensor \"other\" is not in its shard model-00001-of-00003.safetensors"))
        let moved = try message { $0["lm_head.bias"] = "model-00001-of-00003.safetensors" }
        #expect(moved.message.contains("tensor \"lm_head.bias\" is not in its shard"))
        let unlisted = try message { $0["lm_head.bias"] = .none }
        #expect(
            unlisted.message.contains(
                "model-00003-of-00003.safetensors holds tensor \"lm_head.bias\", the index lacks"))
        let number = try message { $0["lm_head.bias"] = 3 }
        #expect(number.message.contains("weight_map.lm_head.bias: expected the name of a shard"))
        let empty = try message { $0 = JSONObject() }
        #expect(empty.message.contains("weight_map is empty"))
    }

    @Test(arguments: [
        "../x.safetensors", "/etc/passwd", "a/../../x", "..", ".", "", "a//b", "a/", "./a",
        "..\\x", "a\u{0}b",
    ])
    func `shards outside the folder are refused`(_ name: String) throws {
        let error = try message { $0["lm_head.bias"] = .string(name) }
        #expect(error.code == .malformedIndex)
        #expect(error.message.contains("is not a path below the folder"))
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"weight_map": []}"#, #"{"weight_map": {}}"#, #"{"weight_map": null}"#,
        #"{"weight_map": {"a": "s", "a": "s"}}"#, #"{"weight_map": {"a": ["s"]}}"#,
    ])
    func `a malformed index is refused`(_ text: String) throws {
        let scratch = try Scratch()
        _ = try scratch.write(text, Self.index)
        let error = checkpointError { _ = try Checkpoint(folder: scratch.path) }
        #expect(error.message.hasPrefix(scratch.file(Self.index)))
    }

    @Test func `a tensor in two shards is refused`() throws {
        let scratch = try Scratch()
        for names in [["x"], ["x", "y"]] {
            var writer = try SafetensorsWriter(
                path: scratch.file("shard\(names.count)"),
                entries: names.map { .init(name: $0, scalarType: .int8, shape: []) })
            for _ in names { try writer.write([Int8(1)]) }
            try writer.finish()
        }
        _ = try scratch.write(#"{"weight_map":{"x":"shard1","y":"shard2"}}"#, Self.index)
        let error = checkpointError { _ = try Checkpoint(folder: scratch.path) }
        #expect(
            error.message.contains(
                "shard shard2 holds tensor \"x\", the index lists it under shard1"))
    }

    @Test func `a folder without weights says what it holds`() throws {
        let scratch = try Scratch()
        func message() -> String {
            checkpointError { _ = try Checkpoint(folder: scratch.path) }.message
        }
        #expect(message().hasSuffix("found neither"))
        _ = try scratch.write("", "adapter_model.safetensors")
        #expect(message().contains("it holds adapter_model.safetensors"))
        _ = try scratch.write("", "pytorch_model.bin")
        #expect(message().contains("pytorch_model.bin is a pickle file"))
        let absent = checkpointError { _ = try Checkpoint(folder: scratch.file("none")) }
        #expect(absent.message.hasSuffix("none: no such folder"))
    }

    @Test func `shards equal those of the Python library`() throws {
        let scratch = try Scratch()
        let source = try Checkpoint(folder: Fixture.path("sharded"))
        var writer = try ShardedWriter(
            folder: scratch.path, entries: source.entries.map(\.declaration),
            maximumShardBytes: 1030, metadata: ["format": "pt"])
        for name in source.names {
            let (file, entry) = try #require(source.find(name))
            try writer.write(file.bytes(of: entry))
        }
        try writer.finish()
        let names = try FileManager.default.contentsOfDirectory(atPath: Fixture.path("sharded"))
        #expect(try scratch.names == names.sorted())
        for name in names where name.hasSuffix(".safetensors") {
            #expect(try scratch.bytes(name) == Fixture.bytes("sharded/" + name), "\(name)")
        }
        let ours = try ConfigReader(contentsOf: scratch.file(Self.index))
        let theirs = try ConfigReader(contentsOf: Fixture.path("sharded/" + Self.index))
        #expect(ours.keys == theirs.keys)
        #expect(ours.value("metadata") == theirs.value("metadata"))
        let ourMap = try ours.object("weight_map")
        let theirMap = try theirs.object("weight_map")
        #expect(ourMap.keys == theirMap.keys.sorted())
        for key in theirMap.keys { #expect(ourMap.value(key) == theirMap.value(key)) }
    }

    @Test func `tensors beyond the limit get a shard of their own`() throws {
        let scratch = try Scratch()
        let sizes = [4, 100, 3, 0, 3, 4, 0]
        let entries = sizes.enumerated().map {
            TensorDeclaration(name: "t\($0)", scalarType: .uint8, shape: [$1])
        }
        var writer = try ShardedWriter(
            folder: scratch.path, entries: entries, maximumShardBytes: 10)
        for size in sizes { try writer.write([UInt8](repeating: UInt8(size), count: size)) }
        try writer.finish()
        let checkpoint = try Checkpoint(folder: scratch.path)
        #expect(
            checkpoint.files.map { $0.entries.map(\.name).sorted() } == [
                ["t0"], ["t1"], ["t2", "t3", "t4", "t5", "t6"],
            ])
        #expect(checkpoint.files.allSatisfy { $0.metadata == ["format": "pt"] })
        #expect(
            try ConfigReader(contentsOf: scratch.file(Self.index)).object("metadata")
                .int("total_size") == 114)
    }

    @Test func `a save removes the weights of an earlier one`() throws {
        let scratch = try Scratch()
        let entries = (0..<3).map {
            TensorDeclaration(name: "t\($0)", scalarType: .uint8, shape: [8])
        }
        func save(limit: Int) throws {
            var writer = try ShardedWriter(
                folder: scratch.path, entries: entries, maximumShardBytes: limit)
            for _ in entries { try writer.write([UInt8](repeating: 1, count: 8)) }
            try writer.finish()
        }
        _ = try scratch.write("{}", "config.json")
        _ = try scratch.write("", "model-extra.safetensors")
        let kept = ["config.json", "model-extra.safetensors"]
        try save(limit: 8)
        #expect(try scratch.names.count == 6)
        try save(limit: 16)
        #expect(
            try scratch.names == [
                "config.json", "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors", "model-extra.safetensors", Self.index,
            ])
        try save(limit: 100)
        #expect(try scratch.names == (kept + ["model.safetensors"]).sorted())
        try save(limit: 8)
        #expect(try Checkpoint(folder: scratch.path).files.count == 3)
        #expect(try !scratch.names.contains("model.safetensors"))
    }

    @Test func `a sharded save that fails leaves the folder as it was`() throws {
        let scratch = try Scratch()
        _ = try scratch.write("old", "model.safetensors")
        let entries = (0..<3).map {
            TensorDeclaration(name: "t\($0)", scalarType: .uint8, shape: [8])
        }
        let error = checkpointError {
            var writer = try ShardedWriter(
                folder: scratch.path, entries: entries, maximumShardBytes: 8)
            try writer.write([UInt8](repeating: 1, count: 8))
            try writer.write([UInt8](repeating: 1, count: 3))
            try writer.finish()
        }
        #expect(error.message.contains("tensor \"t1\": 3 of 8 bytes were written"))
        #expect(try scratch.names == ["model.safetensors"])
        let early = checkpointError {
            var writer = try ShardedWriter(
                folder: scratch.path, entries: entries, maximumShardBytes: 8)
            try writer.write([UInt8](repeating: 1, count: 8))
            try writer.finish()
        }
        #expect(early.message.contains("tensor \"t1\": 0 of 8 bytes were written"))
        let limit = checkpointError {
            let writer = try ShardedWriter(
                folder: scratch.path, entries: entries, maximumShardBytes: 0)
            try writer.finish()
        }
        #expect(limit.code == .invalidRequest)
        #expect(try scratch.names == ["model.safetensors"])
    }

    @Test func `nothing to save is a valid file`() throws {
        let scratch = try Scratch()
        let writer = try ShardedWriter(folder: scratch.path, entries: [])
        try writer.finish()
        #expect(try Checkpoint(folder: scratch.path).names.isEmpty)
    }
}
