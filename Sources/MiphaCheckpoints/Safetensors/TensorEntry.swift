import MiphaFiles

/// A tensor in a safetensors file.
public struct TensorEntry: Sendable, Equatable {
    /// The name in the file.
    public let name: String
    /// The element type.
    public let scalarType: ScalarType
    /// The dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Where the elements lie, in bytes from the start of the file; row-major, little-endian.
    public let byteRange: Range<Int>

    package init(name: String, scalarType: ScalarType, shape: [Int], byteRange: Range<Int>) {
        self.name = name
        self.scalarType = scalarType
        self.shape = shape
        self.byteRange = byteRange
    }

    /// The size of the elements in bytes.
    public var byteCount: Int { byteRange.count }

    /// The number of elements.
    public var elementCount: Int { byteRange.count / scalarType.byteCount }

    /// Whether the mapped elements lie at a multiple of their size.
    ///
    /// The reference writer guarantees it by its order; other files may hold a float behind a
    /// single byte. Such elements must be copied before they are used as anything but bytes.
    public var isAligned: Bool { byteRange.lowerBound % scalarType.byteCount == 0 }

    /// The declaration with which a writer stores the same tensor.
    public var declaration: TensorDeclaration {
        TensorDeclaration(name: name, scalarType: scalarType, shape: shape)
    }
}

/// A tensor that is going to be written.
public struct TensorDeclaration: Sendable, Equatable {
    /// The name in the file.
    public let name: String
    /// The element type.
    public let scalarType: ScalarType
    /// The dimensions, outermost first; empty for a scalar.
    public let shape: [Int]

    /// Creates a declaration.
    public init(name: String, scalarType: ScalarType, shape: [Int]) {
        self.name = name
        self.scalarType = scalarType
        self.shape = shape
    }

    /// The size of the elements in bytes, or nil when a dimension is negative or the size
    /// overflows.
    public var byteCount: Int? { scalarType.byteCount(of: shape) }

    /// Sorts as the reference writer does: element types of large alignment first, then names by
    /// their bytes.
    ///
    /// In this order every tensor is aligned, and for the same tensors the file equals that of the
    /// Python library to the byte (with at most one metadata entry: the order of several is
    /// random there).
    public static func referenceOrder(_ declarations: [Self]) -> [Self] {
        declarations.sorted { left, right in
            if left.scalarType != right.scalarType {
                return left.scalarType.rank > right.scalarType.rank
            }
            return left.name.precedesInBytes(right.name)
        }
    }
}

extension ScalarType {
    /// The size of a tensor in bytes, or nil when a dimension is negative or the size overflows.
    func byteCount(of shape: [Int]) -> Int? {
        guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
        var product = byteCount
        for dimension in shape {
            let (value, overflow) = product.multipliedReportingOverflow(by: dimension)
            // The reference implementation also refuses an overflow that a later zero would hide.
            guard !overflow else { return nil }
            product = value
        }
        return product
    }
}
