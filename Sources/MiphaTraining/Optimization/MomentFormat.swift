import MiphaTorch

/// The format of AdamW's two moments of a parameter.
public enum MomentFormat: String, Sendable, CaseIterable {
    /// In float32.
    case float32 = "adamw"
    /// In 8 bits, by blocks of 256 elements with a float32 scale each; moments of parameters with
    /// fewer than 4,096 elements stay in float32, as in bitsandbytes.
    case eightBit = "adamw_8bit"

    /// Parameters with fewer elements keep moments in float32.
    private static let fewestCoded = 4096

    /// Whether the moments of a parameter with `count` elements are codes.
    func isCoded(_ count: Int) -> Bool { self == .eightBit && count >= Self.fewestCoded }

    /// Number of blocks, and scales, of `count` codes.
    static func blockCount(_ count: Int) -> Int {
        (count + AdamWSlot.momentBlock - 1) / AdamWSlot.momentBlock
    }

    /// Bytes of the tensors that hold both moments of `count` elements: moments, then scales.
    package func byteCounts(_ count: Int) -> [Int] {
        guard isCoded(count) else { return [4 * count, 4 * count] }
        let scales = 4 * Self.blockCount(count)
        return [count, count, scales, scales]
    }
}
