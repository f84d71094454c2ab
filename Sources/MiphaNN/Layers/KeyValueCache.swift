public import MiphaTorch

/// Keys and values of the tokens a decoder has seen, one slot per layer.
///
/// Storage grows by half its size, so that appending costs amortised constant time.
public final class KeyValueCache {
    fileprivate struct Slot {
        var keys: Tensor
        var values: Tensor
        var length: Int
    }

    private var slots: [Slot?]

    /// Creates an empty cache.
    public init(layers: Int) {
        slots = Array(repeating: nil, count: layers)
    }

    /// Number of tokens every layer holds.
    public var length: Int { slots.last.flatMap { $0?.length } ?? 0 }

    /// Number of layers.
    var layerCount: Int { slots.count }

    /// Keys and values of all tokens in one layer, `[batch, heads, tokens, width]`.
    func stored(_ layer: Int) throws(TensorError) -> (keys: Tensor, values: Tensor)? {
        guard let slot = slots[layer] else { return nil }
        return (
            try slot.keys.narrowed(2, from: 0, length: slot.length),
            try slot.values.narrowed(2, from: 0, length: slot.length)
        )
    }

    /// Appends keys and values of new tokens and returns those of all tokens.
    ///
    /// - Parameters:
    ///   - keys: `[batch, heads, new tokens, width]`; `values` likewise.
    /// - Returns: `[batch, heads, all tokens, width]`, views of the cache.
    public func append(
        keys: Tensor, values: Tensor, layer: Int
    ) throws(TensorError) -> (keys: Tensor, values: Tensor) {
        let added = keys.size(2)
        let isFirst = slots[layer] == nil
        var slot = slots[layer] ?? Slot(keys: keys, values: values, length: 0)
        if isFirst || slot.length + added > slot.keys.size(2) {
            slot = try slot.reserving(added, growth: !isFirst)
        }
        try slot.keys.narrowed(2, from: slot.length, length: added).assign(keys)
        try slot.values.narrowed(2, from: slot.length, length: added).assign(values)
        slot.length += added
        slots[layer] = slot
        return (
            try slot.keys.narrowed(2, from: 0, length: slot.length),
            try slot.values.narrowed(2, from: 0, length: slot.length)
        )
    }
}

extension KeyValueCache.Slot {
    /// The same tokens in storage with room for `added` more.
    fileprivate func reserving(_ added: Int, growth: Bool) throws(TensorError) -> Self {
        let needed = length + added
        var shape = keys.shape
        shape[2] = max(needed + RaggedCache.reserve, growth ? needed + needed / 2 : 0)
        var grown = Self(
            keys: try .empty(shape, dtype: keys.dtype, device: keys.device),
            values: try .empty(shape, dtype: values.dtype, device: values.device), length: length)
        if length > 0 {
            try grown.keys.narrowed(2, from: 0, length: length)
                .assign(keys.narrowed(2, from: 0, length: length))
            try grown.values.narrowed(2, from: 0, length: length)
                .assign(values.narrowed(2, from: 0, length: length))
        }
        grown.length = length
        return grown
    }
}
