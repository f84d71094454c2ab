import MiphaFiles

/// One safetensors file in the making; shared by the plain and the sharded writer.
final class SafetensorsOutput {
    private let file: TemporaryFile
    private let entries: [TensorDeclaration]
    private let sizes: [Int]
    private var current = 0
    private var remaining = 0

    init(
        path: String, entries: [TensorDeclaration], metadata: [String: String]
    ) throws(CheckpointError) {
        let sizes = try Self.checkedSizes(entries, path: path)
        let header = try Self.header(entries, sizes: sizes, metadata: metadata, path: path)
        self.entries = entries
        self.sizes = sizes
        do throws(FileError) {
            file = try TemporaryFile(replacing: path)
            try file.write(header)
        } catch {
            throw CheckpointError(error)
        }
        remaining = sizes.first ?? 0
        skipFinished()
    }

    var path: String { file.path }

    var isComplete: Bool { current == entries.count }

    func write(_ bytes: RawSpan) throws(CheckpointError) {
        guard bytes.byteCount > 0 else { return }
        guard !isComplete else {
            throw CheckpointError(
                .invalidRequest,
                "\(path): \(bytes.byteCount) bytes written after the last tensor is complete")
        }
        guard bytes.byteCount <= remaining else {
            throw CheckpointError(
                .invalidRequest,
                "\(path): tensor \(entries[current].name.quoted): \(bytes.byteCount) bytes "
                    + "written where \(remaining) of \(sizes[current]) are left")
        }
        do throws(FileError) {
            try file.write(bytes)
        } catch {
            throw CheckpointError(error)
        }
        remaining -= bytes.byteCount
        skipFinished()
    }

    /// Brings the complete file to the disk, still under its temporary name.
    func seal() throws(CheckpointError) {
        guard isComplete else {
            throw CheckpointError(
                .invalidRequest,
                "\(path): tensor \(entries[current].name.quoted): "
                    + "\(sizes[current] - remaining) of \(sizes[current]) bytes were written")
        }
        try CheckpointError.converting { () throws(FileError) in try file.seal() }
    }

    func commit() throws(CheckpointError) {
        try seal()
        try CheckpointError.converting { () throws(FileError) in try file.commit() }
    }

    private func skipFinished() {
        while remaining == 0, current < entries.count {
            current += 1
            remaining = current < entries.count ? sizes[current] : 0
        }
    }

    /// The size of every tensor; refuses what the format cannot hold.
    static func checkedSizes(
        _ entries: [TensorDeclaration], path: String
    ) throws(CheckpointError) -> [Int] {
        var names: Set<ExactString> = []
        var sizes: [Int] = []
        var total = 0
        for entry in entries {
            func label() -> String { "\(path): tensor \(entry.name.quoted): " }
            guard entry.name != "__metadata__" else {
                throw CheckpointError(.invalidRequest, label() + "the name is reserved")
            }
            guard names.insert(ExactString(entry.name)).inserted else {
                throw CheckpointError(.invalidRequest, label() + "declared twice")
            }
            guard let size = entry.byteCount else {
                throw CheckpointError(
                    .invalidRequest, label() + "impossible shape \(entry.shape)")
            }
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard !overflow else {
                throw CheckpointError(.invalidRequest, label() + "size of all tensors overflows")
            }
            total = sum
            sizes.append(size)
        }
        return sizes
    }

    /// Length and JSON header, filled with spaces to a multiple of eight bytes.
    private static func header(
        _ entries: [TensorDeclaration], sizes: [Int], metadata: [String: String], path: String
    ) throws(CheckpointError) -> [UInt8] {
        var json: [UInt8] = []
        func string(_ text: String) {
            JSONWriter.append(text, to: &json, escapesNonASCII: false)
        }
        json.append(UInt8(ascii: "{"))
        if !metadata.isEmpty {
            json.append(contentsOf: "\"__metadata__\":".utf8)
            let keys = metadata.keys.sorted { $0.precedesInBytes($1) }
            for (position, key) in keys.enumerated() {
                json.append(UInt8(ascii: position == 0 ? "{" : ","))
                string(key)
                json.append(UInt8(ascii: ":"))
                string(metadata[key] ?? "")
            }
            json.append(UInt8(ascii: "}"))
        }
        var offset = 0
        for (entry, size) in zip(entries, sizes) {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            string(entry.name)
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let fields =
                ":{\"dtype\":\"\(entry.scalarType.rawValue)\",\"shape\":[\(shape)],"
                + "\"data_offsets\":[\(offset),\(offset + size)]}"
            json.append(contentsOf: fields.utf8)
            offset += size
        }
        json.append(UInt8(ascii: "}"))
        json.append(contentsOf: repeatElement(0x20, count: (8 - json.count % 8) % 8))
        guard json.count <= SafetensorsHeader.maximumLength else {
            throw CheckpointError(
                .invalidRequest,
                "\(path): header of \(json.count) bytes is longer than "
                    + "\(SafetensorsHeader.maximumLength)")
        }
        return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> ($0 * 8)) } + json
    }
}
