import MiphaNN
import MiphaTorch
import Testing

/// Attention as the formula says it, head by head, for passes to be compared with.
struct PlainAttention: Sendable, CustomTestStringConvertible {
    var heads = 4
    var keyValueHeads = 4
    var window: Int?
    var softcap: Double?
    var scale = 0.6

    /// Every kind: shared heads, a window, a cap, and all of them.
    static let all = [
        PlainAttention(), PlainAttention(keyValueHeads: 2), PlainAttention(keyValueHeads: 1),
        PlainAttention(window: 3), PlainAttention(softcap: 0.7),
        PlainAttention(keyValueHeads: 2, window: 1), PlainAttention(keyValueHeads: 2, window: 20),
        PlainAttention(keyValueHeads: 1, window: 2, softcap: 1.5),
    ]

    var testDescription: String {
        "\(heads) heads, \(keyValueHeads) of keys, window \(window ?? 0), cap \(softcap ?? 0)"
    }

    /// Whether the window lets a token see the key of an earlier one.
    func reaches(_ token: Int, _ key: Int) -> Bool {
        key <= token && key > token - (window ?? .max / 2)
    }

    /// Asks a pass for this attention.
    func attend(
        _ pass: any AttentionPass, _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int = 0
    ) throws -> Tensor {
        try pass.attend(q, k, v, layer: layer, scale: scale, window: window, softcap: softcap)
    }

    /// The formula.
    ///
    /// - Parameters:
    ///   - q: `[rows, queries, heads, width]`; `k`, `v`: `[rows, keys, heads of keys, width]`.
    ///   - sees: for row, query and key.
    /// - Returns: like `q`.
    func callAsFunction(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, sees: (Int, Int, Int) -> Bool
    ) throws -> Tensor {
        let (rows, queries, keys) = (q.size(0), q.size(1), k.size(1))
        var penalties: [Float] = []
        for row in 0..<rows {
            for query in 0..<queries {
                penalties += (0..<keys).map { sees(row, query, $0) ? 0 : -1e9 }
            }
        }
        let penalty = try Tensor(penalties, shape: [rows, 1, queries, keys], device: q.device)
            .to(dtype: q.dtype)
        func head(_ x: Tensor, _ number: Int) throws -> Tensor {
            try x.narrowed(2, from: number, length: 1).transposed(1, 2)
        }
        let mixed = try (0..<heads).map { number in
            let shared = number / (heads / keyValueHeads)
            var scores =
                try head(q, number).matmul(head(k, shared).transposed(2, 3)) * scale
            if let softcap { scores = try Functions.softcap(scores, softcap) }
            return try (scores + penalty).softmax().matmul(head(v, shared)).transposed(1, 2)
        }
        return try .concatenating(mixed, along: 2)
    }
}
