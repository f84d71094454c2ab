import MiphaFiles

/// Where a map finds the elements of the tensors that it starts from.
public protocol WeightSource {
    /// Calls `body` with a tensor's elements: row-major, little-endian.
    ///
    /// - Throws: what `body` throws, and an error for a tensor that is not there.
    func withBytes(of name: String, _ body: (RawSpan) throws -> Void) throws
}

extension Checkpoint: WeightSource {
    /// Calls `body` with the mapped bytes of a tensor.
    ///
    /// - Throws: `CheckpointError` when there is no such tensor; what `body` throws.
    public func withBytes(of name: String, _ body: (RawSpan) throws -> Void) throws {
        guard let (file, entry) = find(name) else {
            throw CheckpointError(.missing, "no tensor \(name.quoted)")
        }
        try file.withSpan(of: entry, body)
    }
}

/// Blocks of bytes at equal distances.
struct ByteBlocks: Sendable {
    let count, stride, start, length: Int

    /// The blocks one after the other.
    func gathered(from whole: RawSpan) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count * length) { target, filled in
            unsafe whole.withUnsafeBytes { source in
                for index in 0..<count where length > 0 {
                    let from = start + index * stride
                    unsafe UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(target)[
                            index * length..<(index + 1) * length]
                    ).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: source[from..<from + length]))
                }
            }
            filled = count * length
        }
    }

    /// Puts consecutive blocks into their places in a whole.
    func scatter(_ part: RawSpan, into whole: inout [UInt8]) {
        unsafe whole.withUnsafeMutableBytes { target in
            unsafe part.withUnsafeBytes { source in
                for index in 0..<count where length > 0 {
                    let to = start + index * stride
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[to..<to + length])
                        .copyMemory(
                            from: UnsafeRawBufferPointer(
                                rebasing: source[index * length..<(index + 1) * length]))
                }
            }
        }
    }
}

/// A tensor seen as `[outer, rows, columns, item]`, whose rows and columns change places.
struct AxisSwap: Sendable {
    let outer, rows, columns, itemBytes: Int

    func swapped(_ whole: RawSpan) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: whole.byteCount)
        let run = columns * itemBytes
        for block in 0..<outer {
            for row in 0..<rows {
                let from = (block * rows + row) * run
                ByteBlocks(
                    count: columns, stride: rows * itemBytes,
                    start: block * rows * run + row * itemBytes, length: itemBytes
                ).scatter(whole.extracting(from..<from + run), into: &result)
            }
        }
        return result
    }
}

/// How the elements of a tensor come about.
indirect enum WeightRecipe: Sendable {
    /// The tensor of that declaration in the source.
    case stored(TensorDeclaration)
    /// So many bytes of zeros.
    case zeros(byteCount: Int)
    /// Blocks of a larger tensor.
    case part(of: WeightRecipe, ByteBlocks)
    /// Several tensors, each in blocks.
    case joined([(recipe: WeightRecipe, blocks: ByteBlocks)], byteCount: Int)
    /// A tensor with two axes swapped.
    case swapped(WeightRecipe, AxisSwap)

    /// Calls `body` with the elements.
    ///
    /// A stored tensor is lent as it is; of what is made from others, no more than those and the
    /// result are in memory.
    func withBytes(_ source: some WeightSource, _ body: (RawSpan) throws -> Void) throws {
        switch self {
        case .stored(let declaration):
            try source.withBytes(of: declaration.name) { bytes in
                guard bytes.byteCount == declaration.byteCount else {
                    throw CheckpointError(
                        .unfitTensor,
                        "tensor \(declaration.name.quoted): expected "
                            + "\(declaration.byteCount ?? 0) bytes, found \(bytes.byteCount)")
                }
                try body(bytes)
            }
        case .zeros(let byteCount):
            let bytes = [UInt8](repeating: 0, count: byteCount)
            try unsafe body(bytes.span.bytes)
        case .part(let whole, let blocks):
            var bytes: [UInt8] = []
            try whole.withBytes(source) { bytes = blocks.gathered(from: $0) }
            try unsafe body(bytes.span.bytes)
        case .joined(let parts, let byteCount):
            var bytes = [UInt8](repeating: 0, count: byteCount)
            for part in parts {
                try part.recipe.withBytes(source) { part.blocks.scatter($0, into: &bytes) }
            }
            try unsafe body(bytes.span.bytes)
        case .swapped(let whole, let swap):
            var bytes: [UInt8] = []
            try whole.withBytes(source) { bytes = swap.swapped($0) }
            try unsafe body(bytes.span.bytes)
        }
    }
}
