/// A tensor of a file of `torch.save`.
public struct TorchTensor: Sendable, Equatable {
    /// A stretch of memory that tensors share.
    struct Storage: Sendable, Equatable {
        let scalarType: ScalarType
        let key: String
        /// Number of elements.
        let count: Int
    }

    /// The dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The element type.
    public var scalarType: ScalarType { storage.scalarType }
    let storage: Storage
    /// Elements of the storage in front of the first one.
    let offset: Int
    /// The stride of each dimension in elements of the storage; 0 where there is no step.
    let strides: [Int]

    /// Checks that the tensor lies within its storage.
    init?(_ storage: Storage, offset: Int, shape: [Int], strides: [Int]) {
        guard offset >= 0, shape.count == strides.count, shape.count <= 32,
            storage.scalarType.byteCount(of: shape) != nil
        else { return nil }
        var last = offset
        if !shape.contains(0) {
            for (size, stride) in zip(shape, strides) {
                let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
                let (sum, carry) = last.addingReportingOverflow(reach)
                guard stride >= 0, !overflow, !carry else { return nil }
                last = sum
            }
            guard last < storage.count else { return nil }
        }
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = zip(shape, strides).map { $0 > 1 ? $1 : 0 }
    }

    /// Number of elements.
    public var elementCount: Int { shape.reduce(1, *) }

    /// Whether the elements stand one after another in the order of rows.
    var isContiguous: Bool {
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected *= size
        }
        return true
    }

    /// Elements in the order of rows, from the bytes of the whole storage.
    func gathered(from bytes: [UInt8]) -> [UInt8] {
        let width = scalarType.byteCount
        var result: [UInt8] = []
        result.reserveCapacity(elementCount * width)
        guard !shape.contains(0) else { return result }
        var place = [Int](repeating: 0, count: shape.count)
        var position = offset
        while true {
            result += bytes[position * width..<(position + 1) * width]
            var axis = shape.count - 1
            while axis >= 0 {
                place[axis] += 1
                position += strides[axis]
                if place[axis] < shape[axis] { break }
                position -= strides[axis] * shape[axis]
                place[axis] = 0
                axis -= 1
            }
            if axis < 0 { return result }
        }
    }
}
