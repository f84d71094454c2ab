/// Memory of a tensor in a simulated heap; it is given back when nothing refers to it any more.
final class PlannedStorage {
    private let heap: SimulatedHeap
    private let block: SimulatedHeap.Block

    init(_ heap: SimulatedHeap, bytes: Int) {
        self.heap = heap
        block = heap.allocate(bytes)
    }

    deinit { heap.release(block) }
}

/// A tensor of which only size, memory and place in the graph are known.
///
/// Swift's reference counts free its memory at the same points at which the layers that it stands for
/// let go of their tensors.
final class PlannedTensor {
    /// Its memory; parameters that are shared out move to that of their unit.
    var storage: PlannedStorage
    /// Number of elements.
    let count: Int
    /// Bytes of an element.
    let width: Int
    /// What made it, when the operation was recorded.
    let node: PlannedNode?
    /// Whether it is a parameter, or the input of a segment, whose gradient is wanted.
    var isWantedLeaf = false
    /// The gradient of a leaf.
    var gradient: PlannedTensor?

    init(_ storage: PlannedStorage, count: Int, width: Int, node: PlannedNode? = nil) {
        self.storage = storage
        self.count = count
        self.width = width
        self.node = node
    }

    var byteCount: Int { count * width }
    /// Whether a gradient has to reach it.
    var needsGradient: Bool { isWantedLeaf || node != nil }

    /// The same memory without a place in the graph.
    func detached() -> PlannedTensor { PlannedTensor(storage, count: count, width: width) }
}

/// An operation that was recorded for the backward pass.
final class PlannedNode {
    /// Where a gradient goes on to.
    enum Edge {
        case leaf(PlannedTensor)
        case node(PlannedNode)
        case nowhere
    }

    /// What the operation keeps and does: gradients of its inputs, one for each edge, from that of
    /// its result.
    typealias Backward = (PlannedTensor) -> [PlannedTensor?]

    let number: Int
    fileprivate let edges: [Edge]
    fileprivate var backward: Backward?

    init(_ number: Int, inputs: [PlannedTensor], backward: @escaping Backward) {
        self.number = number
        self.backward = backward
        edges = inputs.map { input in
            if input.isWantedLeaf { return .leaf(input) }
            return input.node.map(Edge.node) ?? .nowhere
        }
    }
}

/// A backward pass as libtorch's engine makes it on one thread: the latest operation first; what an
/// operation kept goes once it has run; the first two gradients that meet are added into new memory,
/// further ones in place.
struct PlannedBackward {
    private struct Pending {
        let node: PlannedNode
        var gradient: PlannedTensor
        var isSum = false
    }

    let operations: PlannedOperations

    /// Adds the gradients of all leaves below `output`.
    func callAsFunction(_ output: PlannedTensor, gradient: PlannedTensor) {
        guard let root = output.node else { return }
        var pending = [root.number: Pending(node: root, gradient: gradient)]
        while let last = pending.keys.max(), let next = pending.removeValue(forKey: last) {
            for (edge, result) in zip(next.node.edges, run(next)) {
                guard let result else { continue }
                switch edge {
                case .nowhere: break
                case .leaf(let leaf):
                    if leaf.gradient == nil { leaf.gradient = result.detached() }
                case .node(let node): meet(result, at: node, in: &pending)
                }
            }
        }
    }

    private func run(_ pending: Pending) -> [PlannedTensor?] {
        defer { pending.node.backward = nil }
        return pending.node.backward?(pending.gradient) ?? []
    }

    private func meet(
        _ gradient: PlannedTensor, at node: PlannedNode, in pending: inout [Int: Pending]
    ) {
        guard let former = pending[node.number] else {
            pending[node.number] = Pending(node: node, gradient: gradient)
            return
        }
        guard !former.isSum else { return }
        let sum = operations.tensor(former.gradient.count, former.gradient.width)
        pending[node.number] = Pending(node: node, gradient: sum, isSum: true)
    }
}
