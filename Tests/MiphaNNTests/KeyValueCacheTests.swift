import MiphaFiles
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// The store of keys and values.
@Suite struct KeyValueCacheTests {
    @Test(arguments: 1...4)
    func `growing gives what concatenation gives`(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let cache = KeyValueCache(layers: 2)
        var (keys, values): ([[Tensor]], [[Tensor]]) = ([[], []], [[], []])
        var length = 0
        for step in 0..<12 {
            let added = step == 0 ? 40 : Int.random(in: 1...60, using: &generator)
            length += added
            for layer in 0..<2 {
                let k = try randomTensor([2, 3, added, 4], seed: generator.next())
                let v = try randomTensor([2, 3, added, 4], seed: generator.next())
                keys[layer].append(k)
                values[layer].append(v)
                let all = try cache.append(keys: k, values: v, layer: layer)
                let expected = (
                    try Tensor.concatenating(keys[layer], along: 2),
                    try Tensor.concatenating(values[layer], along: 2)
                )
                #expect(all.keys.shape == [2, 3, length, 4])
                #expect(
                    try haveSameBits(
                        all.keys.values(as: Float.self), expected.0.values(as: Float.self)))
                #expect(
                    try haveSameBits(
                        all.values.values(as: Float.self), expected.1.values(as: Float.self)))
            }
            #expect(cache.length == length)
        }
    }

    @Test func `later tokens do not change the views handed out before`() throws {
        let cache = KeyValueCache(layers: 1)
        let k = try randomTensor([1, 1, 3, 2], seed: 1)
        let early = try cache.append(keys: k, values: k, layer: 0)
        let before = try early.keys.values(as: Float.self)
        for seed in 0..<200 {
            let next = try randomTensor([1, 1, 1, 2], seed: UInt64(seed))
            _ = try cache.append(keys: next, values: next, layer: 0)
        }
        #expect(try early.keys.values(as: Float.self) == before)
        #expect(cache.length == 203)
    }

    @Test func `keys and values keep their dtype`() throws {
        let cache = KeyValueCache(layers: 1)
        let k = try randomTensor([1, 1, 2, 2], seed: 1).to(dtype: .bfloat16)
        #expect(try cache.append(keys: k, values: k, layer: 0).keys.dtype == .bfloat16)
    }
}
