/// The matrix and the bias of a linear layer.
struct PlannedLinear {
    let weight: PlannedTensor
    let bias: PlannedTensor?
    let inputs: Int
    let outputs: Int
    var adapter: PlannedAdapter?
    /// Whether the matrix is held in few bits and unpacked for each product.
    var isQuantized = false
}

/// A low-rank adapter in float32.
struct PlannedAdapter {
    let down: PlannedTensor
    let up: PlannedTensor
    let magnitude: PlannedTensor?
    let rank: Int
    let drops: Bool
}

extension PlannedOperations {
    // MARK: Linear maps

    /// `x W^T + b`.
    ///
    /// `x` is kept only for a matrix that learns. In float32 the gradient is turned before the product
    /// with `x`.
    func linear(_ x: PlannedTensor, _ layer: PlannedLinear) -> PlannedTensor {
        guard layer.adapter != nil || layer.isQuantized else { return product(x, layer) }
        let mapped = layer.isQuantized ? unpacked(x, layer) : product(x, layer)
        guard let adapter = layer.adapter else { return mapped }
        return adapted(mapped, x, layer, adapter)
    }

    func product(_ x: PlannedTensor, _ layer: PlannedLinear) -> PlannedTensor {
        let rows = x.count / layer.inputs
        let result = tensor(rows * layer.outputs, x.width)
        let weight = layer.weight
        let kept = weight.needsGradient ? x.storage : nil
        let (needsInput, isFull) = (x.needsGradient, x.width == 4)
        let (count, width) = (x.count, x.width)
        return record(result, [x, weight] + (layer.bias.map { [$0] } ?? [])) { [self] gradient in
            let input = needsInput ? tensor(count, width) : nil
            var matrix: PlannedTensor?
            if weight.needsGradient {
                matrix = scratch(isFull ? gradient.byteCount : 0) {
                    tensor(weight.count, weight.width)
                }
            }
            return withExtendedLifetime(kept) {
                [input, matrix] + (layer.bias.map { [biasGradient($0)] } ?? [])
            }
        }
    }

    /// `act(x) W^T + b`, which keeps `x` alone.
    func activatedLinear(_ x: PlannedTensor, _ layer: PlannedLinear) -> PlannedTensor {
        let rows = x.count / layer.inputs
        let weight = layer.weight
        let result = scratch(x.byteCount) { tensor(rows * layer.outputs, x.width) }
        let kept = x.storage
        let (needsInput, isFull) = (x.needsGradient, x.width == 4)
        let (count, width) = (x.count, x.width)
        return record(result, [x, weight] + (layer.bias.map { [$0] } ?? [])) { [self] gradient in
            var matrix: PlannedTensor?
            if weight.needsGradient {
                matrix = scratch(count * width) {
                    scratch(isFull ? gradient.byteCount : 0) { tensor(weight.count, weight.width) }
                }
            }
            let input =
                needsInput ? scratch(count * width) { tensor(count, width) } : nil
            return withExtendedLifetime(kept) {
                [input, matrix] + (layer.bias.map { [biasGradient($0)] } ?? [])
            }
        }
    }

    func biasGradient(_ bias: PlannedTensor) -> PlannedTensor? {
        bias.needsGradient ? tensor(bias.count, bias.width) : nil
    }

    /// A product with a matrix that is unpacked before, in both passes.
    private func unpacked(_ x: PlannedTensor, _ layer: PlannedLinear) -> PlannedTensor {
        let rows = x.count / layer.inputs
        let dense = layer.inputs * layer.outputs * x.width
        let result = scratch(dense) { tensor(rows * layer.outputs, x.width) }
        let (count, width) = (x.count, x.width)
        return record(result, [x]) { [self] _ in [scratch(dense) { tensor(count, width) }] }
    }

    /// `mapped + scale B A dropout(x)`, with the float32 factors cast to the type of `x`.
    private func adapted(
        _ mapped: PlannedTensor, _ x: PlannedTensor, _ layer: PlannedLinear,
        _ adapter: PlannedAdapter
    ) -> PlannedTensor {
        let input = adapter.drops && isRecording ? dropout(x) : x
        let down = PlannedLinear(
            weight: cast(adapter.down, to: x.width), bias: nil, inputs: layer.inputs,
            outputs: adapter.rank)
        let up = PlannedLinear(
            weight: cast(adapter.up, to: x.width), bias: nil, inputs: adapter.rank,
            outputs: layer.outputs)
        let update = product(scaled(product(input, down)), up)
        guard adapter.magnitude != nil else { return add(mapped, update) }
        // The lengths of the rows of the sum, some rows at a time; then two terms times a factor that
        // learns, which keeps both.
        if layer.isQuantized { scratch(layer.inputs * layer.outputs * 4) }
        scratch(2 * min(512, layer.outputs) * layer.inputs * 4)
        let plain = copy(mapped)
        return add(add(mapped, scaled(plain, isKept: true)), scaled(update, isKept: true))
    }

    private func scaled(_ x: PlannedTensor, isKept: Bool = false) -> PlannedTensor {
        let kept = isKept ? x.storage : nil
        return record(tensor(x.count, x.width), [x]) { [self] gradient in
            withExtendedLifetime(kept) { [tensor(gradient.count, gradient.width)] }
        }
    }

    // MARK: Norm, rotation, attention

    /// Normalisation, which keeps its input and two float32 numbers a row.
    func norm(_ x: PlannedTensor, _ weight: PlannedTensor, _ bias: PlannedTensor) -> PlannedTensor {
        let rows = x.count / weight.count
        let result = tensor(x.count, x.width)
        let statistics = (tensor(rows, 4), tensor(rows, 4))
        let (kept, needsInput) = (x.storage, x.needsGradient)
        let (count, width) = (x.count, x.width)
        return record(result, [x, weight, bias]) { [self] _ in
            let input = needsInput ? tensor(count, width) : nil
            let learned = [weight, bias].map(biasGradient)
            return withExtendedLifetime((kept, statistics)) { [input] + learned }
        }
    }

    /// Rotary embedding, which keeps angles that the whole pass shares.
    func rotate(_ x: PlannedTensor) -> PlannedTensor {
        record(tensor(x.count, x.width), [x]) { [self] gradient in
            [tensor(gradient.count, gradient.width)]
        }
    }

    /// Fused attention, which keeps queries, keys, values, result and a float32 number a query and head.
    ///
    /// - Parameter mask: elements of a mask as it is added to the scores, kept too.
    func attend(
        _ q: PlannedTensor, _ k: PlannedTensor, _ v: PlannedTensor, heads: Int, headWidth: Int,
        mask: Int
    ) -> PlannedTensor {
        let kept = [q.storage, k.storage, v.storage]
        let added = mask > 0 ? tensor(mask, q.width).storage : nil
        let result = tensor(q.count, q.width)
        let sums = tensor(q.count / headWidth, 4)
        let own = result.storage
        let (count, width) = (q.count, q.width)
        return record(result, [q, k, v]) { [self] _ in
            let parts = (0..<3).map { _ in tensor(count, width) }
            return withExtendedLifetime((kept, added, own, sums)) { parts }
        }
    }

    /// Attention inside each of the samples of packed rows, whose results are put together.
    func attend(
        _ q: PlannedTensor, _ k: PlannedTensor, _ v: PlannedTensor, documents: [Int],
        headWidth: Int, rowWidth: Int
    ) -> PlannedTensor {
        let kept = [q.storage, k.storage, v.storage]
        let parts = documents.map { tensor($0 * rowWidth, q.width).storage }
        let sums = tensor(q.count / headWidth, 4)
        let row = tensor(q.count, q.width)
        let result = withExtendedLifetime(row) { tensor(q.count, q.width) }
        let (count, width) = (q.count, q.width)
        return record(result, [q, k, v]) { [self] _ in
            // A part's gradient is put into a whole one of zeros, twice, and added to the former.
            let whole = (0..<3).map { _ in tensor(count, width) }
            scratch(2 * count * width) { scratch(count * width) }
            return withExtendedLifetime((kept, parts, sums)) { whole }
        }
    }

    // MARK: Loss

    /// The loss of logits that are all there, whose float32 logarithms it keeps.
    func crossEntropy(_ logits: PlannedTensor) -> PlannedTensor {
        let values = cast(logits, to: 4)
        let logs = tensor(values.count, 4)
        return record(tensor(1, 4), [values]) { [self] _ in
            withExtendedLifetime(logs) { [scratch(4 * values.count) { tensor(values.count, 4) }] }
        }
    }

    /// Head and loss in chunks of rows, which keep the gradients instead of the logits.
    func crossEntropy(
        _ x: PlannedTensor, _ head: PlannedLinear, chunkBytes: Int = 24 << 20
    ) -> PlannedTensor {
        let classes = head.outputs
        let rows = x.count / head.inputs
        let wantsWeight = isRecording && head.weight.needsGradient
        let isOne = wantsWeight && x.width != 4 && 2 * rows <= head.inputs
        let longest = isOne ? rows : max(1, chunkBytes / (4 * classes))
        let chunks = max(1, (rows + longest - 1) / max(1, longest))
        let length = (rows + chunks - 1) / chunks
        let input = isRecording && x.needsGradient ? tensor(x.count, x.width) : nil
        var matrix: PlannedTensor?
        var bias: PlannedTensor?
        for _ in 0..<chunks {
            let logits = scratch(x.width == 4 ? 0 : length * classes * x.width) {
                tensor(length * classes, 4)
            }
            let logs = withExtendedLifetime(logits) { tensor(length * classes, 4) }
            guard isRecording, input != nil || wantsWeight else { continue }
            let change = x.width == 4 ? logs : tensor(length * classes, x.width)
            withExtendedLifetime((logs, change)) {
                guard wantsWeight else { return }
                if matrix == nil {
                    matrix = tensor(head.weight.count, x.width)
                    if x.width != 4 && chunks > 1 { matrix = tensor(head.weight.count, 4) }
                } else if x.width != 4 {
                    scratch(head.weight.count * x.width) { scratch(head.weight.count * 4) }
                }
                if bias == nil { bias = head.bias.map { tensor($0.count, 4) } }
            }
        }
        return record(tensor(1, 4), [x, head.weight] + (head.bias.map { [$0] } ?? [])) {
            [self] _ in
            func handed(_ sum: PlannedTensor?) -> PlannedTensor? {
                sum.map { $0.width == x.width ? $0 : tensor($0.count, x.width) }
            }
            let results = [handed(input), handed(matrix)]
            (matrix, bias) = (nil, bias)
            return results + (head.bias.map { [biasGradient($0)] } ?? [])
        }
    }
}
