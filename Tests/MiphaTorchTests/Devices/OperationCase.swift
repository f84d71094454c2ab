import MiphaTorch

/// An operation of the engine's interface with operands on the CPU, to be run on any device.
struct OperationCase: CustomStringConvertible, Sendable {
    let description: String
    /// The operands, on the CPU.
    let operands: @Sendable () throws -> [Tensor]
    /// Places of the operands whose gradients are compared.
    var learning: [Int] = []
    let run: @Sendable ([Tensor]) throws -> [Tensor]
}

extension OperationCase {
    private static func seeded(_ shapes: [Int]...) -> @Sendable () throws -> [Tensor] {
        { try shapes.enumerated().map { try randomTensor($1, seed: UInt64($0 + 1)) } }
    }

    private static func mask() throws -> Tensor {
        try (Tensor([0, 1, 1, 1, 1] as [Float], shape: [1, 1, 1, 5])).to(dtype: .bool)
    }

    static let all: [OperationCase] = arithmetic + layers + attention + losses + quantised

    private static let arithmetic: [OperationCase] = [
        .init(
            description: "four operations", operands: seeded([3, 4], [3, 4]), learning: [0, 1],
            run: { [try ($0[0] + $0[1]) * ($0[0] - $0[1]) / ($0[1] * $0[1] + 1)] }),
        .init(
            description: "numbers", operands: seeded([3, 4]), learning: [0],
            run: { [try ($0[0] * 3) + 2, try $0[0].sum()] }),
        .init(
            description: "matrix product", operands: seeded([2, 3, 4], [2, 4, 5]),
            learning: [0, 1], run: { [try $0[0].matmul($0[1])] }),
        .init(
            description: "softmax", operands: seeded([3, 7]), learning: [0],
            run: { [try $0[0].softmax(), try $0[0].logSoftmax()] }),
        .init(
            description: "largest", operands: seeded([3, 7]),
            run: {
                let largest = try Functions.largest($0[0], count: 3)
                return [try $0[0].argmax(), largest.values, largest.places]
            }),
        .init(
            description: "shape", operands: seeded([3, 4]), learning: [0],
            run: {
                let x = $0[0]
                return [
                    try x.transposed(0, 1).reshaped([2, 6]), try x.permuted([1, 0]).contiguous(),
                    try x.narrowed(1, from: 1, length: 2).cloned(), try x.detached(),
                ]
            }),
        .init(
            description: "concatenation", operands: seeded([3, 4], [2, 4]), learning: [0, 1],
            run: { [try Tensor.concatenating($0, along: 0)] }),
        .init(
            description: "selection",
            operands: { [try randomTensor([5, 4], seed: 1), try Tensor([4, 0, 4])] },
            learning: [0], run: { [try $0[0].selecting($0[1])] }),
        .init(
            description: "rows in place",
            operands: {
                [
                    try randomTensor([5, 4], seed: 1), try Tensor([4, 0]),
                    try randomTensor([2, 4], seed: 2),
                ]
            },
            run: {
                let target = try $0[0].cloned()
                try target.assignRows($0[2], at: $0[1])
                return [target]
            }),
        .init(
            description: "sums in place", operands: seeded([5, 4], [5, 4]),
            run: {
                let target = try $0[0].cloned()
                try target.accumulate($0[1], times: 0.5)
                try target.scale(by: 3)
                return [target]
            }),
    ]

    private static let layers: [OperationCase] = [
        .init(
            description: "linear", operands: seeded([5, 7], [4, 7], [4]), learning: [0, 1, 2],
            run: { [try Functions.linear($0[0], weight: $0[1], bias: $0[2])] }),
        .init(
            description: "layer norm", operands: seeded([5, 7], [7], [7]), learning: [0, 1, 2],
            run: { [try Functions.layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-5)] }),
        .init(
            description: "rms norm", operands: seeded([5, 7], [7]), learning: [0, 1],
            run: { [try Functions.rmsNorm($0[0], weight: $0[1], epsilon: 1e-5)] }),
        .init(
            description: "rms norm that adds one", operands: seeded([5, 7], [7]),
            learning: [0, 1],
            run: { [try Functions.rmsNorm($0[0], weight: $0[1], addsOne: true, epsilon: 1e-5)] }),
        .init(
            description: "embedding",
            operands: { [try randomTensor([5, 7], seed: 1), try Tensor([3, 1, 3])] }, learning: [0],
            run: { [try Functions.embedding($0[1], weight: $0[0])] }),
        .init(
            description: "convolution", operands: seeded([2, 3, 8, 8], [4, 3, 4, 4], [4]),
            learning: [0, 1, 2],
            run: { [try Functions.convolution($0[0], weight: $0[1], bias: $0[2], stride: 4)] }),
        .init(
            description: "bicubic resampling", operands: seeded([2, 3, 5, 6]), learning: [0],
            run: { x in
                try [(nil, false), (nil, true), (0.4, false)].map { scale, antialiases in
                    try Functions.resampleBicubic(
                        x[0], height: 2, width: 3, scale: scale, antialiases: antialiases)
                }
            }),
        .init(
            description: "activations", operands: seeded([5, 7]), learning: [0],
            run: { x in
                try [.geluExact, .geluTanh, .geluQuick, .silu].map {
                    try Functions.activate(x[0], $0)
                } + [Functions.softcap(x[0], 0.5)]
            }),
        .init(
            description: "activated linear", operands: seeded([5, 7], [4, 7], [4]),
            learning: [0, 1, 2],
            run: {
                [try Functions.linear(activated: $0[0], .geluQuick, weight: $0[1], bias: $0[2])]
            }),
        .init(
            description: "row norms", operands: seeded([6, 5], [6, 2], [2, 5]),
            run: { [try Functions.rowNorms(of: $0[0], up: $0[1], down: $0[2], scale: 0.5)] }),
        .init(
            description: "rotary", operands: seeded([2, 3, 2, 10], [1, 3, 4], [1, 3, 4]),
            learning: [0], run: { [try Functions.rotary($0[0], cos: $0[1], sin: $0[2])] }),
        .init(
            description: "rotary angles",
            operands: {
                [
                    try Tensor([0, 3, 5], shape: [1, 3]),
                    try Functions.rotaryFrequencies(rotary: 8, theta: 100, device: .cpu),
                ]
            },
            run: {
                let angles = try Functions.rotaryAngles(positions: $0[0], frequencies: $0[1])
                return [angles.cos, angles.sin]
            }),
    ]

    private static let heads = seeded([2, 4, 5, 8], [2, 2, 5, 8], [2, 2, 5, 8])
    private static let maskedHeads: @Sendable () throws -> [Tensor] = { try heads() + [mask()] }

    private static let attention: [OperationCase] = [
        .init(
            description: "causal attention, shared heads", operands: heads, learning: [0, 1, 2],
            run: {
                [try Functions.attention($0[0], $0[1], $0[2], mask: nil, causal: true, scale: 0.3)]
            }),
        .init(
            description: "masked attention", operands: maskedHeads, learning: [0, 1, 2],
            run: {
                [
                    try Functions.attention(
                        $0[0], $0[1], $0[2], mask: $0[3], causal: false, scale: 0.3)
                ]
            }),
        .init(
            description: "attention in parts", operands: heads,
            run: { x in
                try [true, false].flatMap {
                    let part = try Functions.attentionPart(
                        x[0], x[1], x[2], mask: nil, causal: $0, scale: 0.3)
                    return [part.mixed, part.sums]
                }
            }),
        .init(
            description: "masked attention in parts", operands: maskedHeads,
            run: {
                let part = try Functions.attentionPart(
                    $0[0], $0[1], $0[2], mask: $0[3], causal: false, scale: 0.3)
                return [part.mixed, part.sums]
            }),
        .init(
            description: "composed attention", operands: maskedHeads, learning: [0, 1, 2],
            run: {
                let part = try Functions.composedAttention(
                    $0[0], $0[1], $0[2], mask: $0[3], scale: 0.3, softcap: 2)
                return [part.mixed, part.sums]
            }),
        .init(
            description: "joined attention",
            operands: seeded([2, 4, 5, 8], [2, 4, 5], [2, 4, 5, 8], [2, 4, 5]),
            run: {
                [
                    try Functions.attentionJoin(
                        PartialAttention(mixed: $0[0], sums: $0[1]),
                        PartialAttention(mixed: $0[2], sums: $0[3]))
                ]
            }),
    ]

    private static let head: @Sendable () throws -> [Tensor] = {
        [
            try randomTensor([5, 7], seed: 1), try randomTensor([9, 7], seed: 2),
            try randomTensor([9], seed: 3), try Tensor([0, 8, 3, 3, 1]), try Tensor.full([5], 0.5),
        ]
    }

    private static let losses: [OperationCase] = [
        .init(
            description: "cross entropy",
            operands: { [try randomTensor([3, 9], seed: 1), try Tensor([8, -100, 0])] },
            learning: [0],
            run: { [try Functions.crossEntropySum($0[0], targets: $0[1], zLoss: 1e-2)] }),
        .init(
            description: "linear cross entropy", operands: { Array(try head().dropLast()) },
            learning: [0, 1, 2],
            run: {
                [
                    try Functions.linearCrossEntropySum(
                        $0[0], weight: $0[1], bias: $0[2], targets: $0[3], zLoss: 1e-2,
                        softcap: 3)
                ]
            }),
        .init(
            description: "weighted linear cross entropy", operands: head, learning: [0, 1, 2],
            run: {
                [
                    try Functions.linearCrossEntropySum(
                        $0[0], weight: $0[1], bias: $0[2], targets: $0[3], weights: $0[4])
                ]
            }),
    ]

    private static let quantised: [OperationCase] = QuantizationFormat.allCases.flatMap { format in
        // Of the second shape the last block is not full.
        [[8, 64], [3, 50]].map { shape in
            .init(
                description: "\(format.rawValue) product \(shape)",
                operands: seeded([3, shape[1]], shape, [shape[0]]), learning: [0, 2],
                run: {
                    let matrix = try QuantizedMatrix($0[1].detached(), format: format)
                    return [
                        try matrix.dense(), try matrix.dense(dtype: .bfloat16),
                        try Functions.linear($0[0], weight: matrix, bias: $0[2]),
                    ]
                })
        }
    }
}
