public import MiphaTorch

/// Keys and values of the first positions of a text, which any number of texts may share.
///
/// What a position holds depends on those before it alone, so every beginning of a prefix is one.
public struct KeyValuePrefix {
    /// One tensor for each layer, `[1, heads, length, width]`.
    let keys, values: [Tensor]
    /// Number of positions.
    public let length: Int

    /// The first `length` positions, as views of the same memory.
    public func first(_ length: Int) throws(TensorError) -> KeyValuePrefix {
        precondition((0...self.length).contains(length), "a prefix cannot grow")
        guard length < self.length else { return self }
        var (keys, values): ([Tensor], [Tensor]) = ([], [])
        for layer in self.keys.indices {
            keys.append(try self.keys[layer].narrowed(2, from: 0, length: length))
            values.append(try self.values[layer].narrowed(2, from: 0, length: length))
        }
        return KeyValuePrefix(keys: keys, values: values, length: length)
    }
}

extension KeyValueCache {
    /// What the cache holds of one row, as views of its memory.
    public func prefix(row: Int) throws(TensorError) -> KeyValuePrefix {
        var (keys, values): ([Tensor], [Tensor]) = ([], [])
        for layer in 0..<layerCount {
            guard let slot = try stored(layer) else { continue }
            keys.append(try slot.keys.narrowed(0, from: row, length: 1))
            values.append(try slot.values.narrowed(0, from: row, length: 1))
        }
        return KeyValuePrefix(keys: keys, values: values, length: length)
    }
}
