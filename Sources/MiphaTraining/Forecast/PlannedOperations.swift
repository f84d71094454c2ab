/// What the engine's operations allocate, keep for the backward pass, and let go.
///
/// Every function stands for the operation of the same name of `Functions`, `Tensor` or the layers;
/// what is written after a `scratch` is memory that is gone when the operation ends.
final class PlannedOperations {
    let heap: SimulatedHeap
    /// Bytes of an element of weights and activations.
    let width: Int
    /// Whether operations are recorded for gradients.
    var isRecording = false
    /// Whether dropout is drawn.
    var isTraining = true
    private var count = 0

    init(_ heap: SimulatedHeap, width: Int) {
        self.heap = heap
        self.width = width
    }

    /// New memory.
    func tensor(_ count: Int, _ width: Int) -> PlannedTensor {
        PlannedTensor(
            PlannedStorage(heap, bytes: count * width), count: count, width: width)
    }

    /// Memory that `body` needs besides.
    func scratch<R>(_ bytes: Int, _ body: () -> R) -> R {
        let storage = PlannedStorage(heap, bytes: bytes)
        return withExtendedLifetime(storage, body)
    }

    /// Memory that is taken and given back.
    func scratch(_ bytes: Int) { scratch(bytes) {} }

    /// The result of an operation, with what it keeps if it is recorded.
    func record(
        _ result: PlannedTensor, _ inputs: [PlannedTensor],
        _ backward: @autoclosure () -> PlannedNode.Backward
    ) -> PlannedTensor {
        guard isRecording, inputs.contains(where: \.needsGradient) else { return result }
        count += 1
        return PlannedTensor(
            result.storage, count: result.count, width: result.width,
            node: PlannedNode(count, inputs: inputs, backward: backward()))
    }

    // MARK: Element-wise operations

    /// A sum; both gradients are that of the result.
    func add(_ a: PlannedTensor, _ b: PlannedTensor) -> PlannedTensor {
        record(tensor(a.count, a.width), [a, b]) { [$0, $0] }
    }

    /// A non-linearity, which keeps its input.
    func activate(_ x: PlannedTensor) -> PlannedTensor {
        let kept = x.storage
        return record(tensor(x.count, x.width), [x]) { [self] gradient in
            let result = tensor(gradient.count, gradient.width)
            return withExtendedLifetime(kept) { [result] }
        }
    }

    /// A product with a mask drawn in float32, which is kept in the dtype of the input.
    func dropout(_ x: PlannedTensor) -> PlannedTensor {
        let drawn = tensor(x.count, 4)
        let mask = x.width == 4 ? drawn : tensor(x.count, x.width)
        return withExtendedLifetime(drawn) {
            record(tensor(x.count, x.width), [x]) { [self] gradient in
                let result = tensor(gradient.count, gradient.width)
                return withExtendedLifetime(mask) { [result] }
            }
        }
    }

    /// A copy in another type.
    func cast(_ x: PlannedTensor, to width: Int) -> PlannedTensor {
        guard width != x.width else { return x }
        return record(tensor(x.count, width), [x]) { [self] gradient in
            [tensor(gradient.count, x.width)]
        }
    }

    /// A copy in another order of elements.
    func copy(_ x: PlannedTensor) -> PlannedTensor {
        record(tensor(x.count, x.width), [x]) { [$0] }
    }

    // MARK: Rows

    /// Rows put one after another; gradients are parts of that of the result.
    func concatenate(_ parts: [PlannedTensor]) -> PlannedTensor {
        let count = parts.reduce(0) { $0 + $1.count }
        return record(tensor(count, parts[0].width), parts) { gradient in
            parts.map { PlannedTensor(gradient.storage, count: $0.count, width: $0.width) }
        }
    }

    /// Chosen rows of a matrix; the gradient is a whole one of zeros, added to.
    func select(_ x: PlannedTensor, rows: Int, of length: Int) -> PlannedTensor {
        let (count, width) = (x.count, x.width)
        return record(tensor(rows * length, width), [x]) { [self] _ in [tensor(count, width)] }
    }

    /// Rows of a table; the gradient is a table.
    func embed(_ table: PlannedTensor, rows: Int, of length: Int) -> PlannedTensor {
        let (count, width) = (table.count, table.width)
        return record(tensor(rows * length, width), [table]) { [self] _ in
            [tensor(count, width)]
        }
    }
}
