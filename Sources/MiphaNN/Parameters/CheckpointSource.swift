public import MiphaCheckpoints
public import MiphaTorch

/// Parameters of a safetensors checkpoint, mapped where possible and copied where needed.
public struct CheckpointSource: ParameterSource {
    /// The purpose of the tensors.
    public enum Use: Sendable {
        /// Reading only: tensors alias the mapped file when dtype and device allow.
        case inference
        /// Writing too: tensors are copies.
        case training
    }

    let checkpoint: Checkpoint
    let keys: KeyMap
    let dtype: DType?
    let device: Device
    let use: Use

    /// Types whose numbers are the weights themselves.
    private static let weightTypes: [ScalarType] = [.float32, .bfloat16, .float16, .float64]

    /// Reads parameters from `checkpoint`.
    ///
    /// - Parameters:
    ///   - keys: the dialect of the checkpoint's names.
    ///   - dtype: wanted element type; `nil` keeps the stored one.
    public init(
        _ checkpoint: Checkpoint, keys: KeyMap, dtype: DType? = nil, device: Device,
        use: Use = .inference
    ) {
        self.checkpoint = checkpoint
        self.keys = keys
        self.dtype = dtype
        self.device = device
        self.use = use
    }

    /// The stored tensor, converted to the wanted dtype and device.
    public func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        guard let external = keys.external(fact.name), let (file, entry) = checkpoint.find(external)
        else { return nil }
        guard entry.shape == shape else {
            throw ParameterError(
                "\(file.path): tensor \"\(external)\": expected shape \(shape), "
                    + "found \(entry.shape)")
        }
        guard Self.weightTypes.contains(entry.scalarType) else {
            let known = Self.weightTypes.map(\.rawValue).joined(separator: ", ")
            throw ParameterError(
                "\(file.path): tensor \"\(external)\": expected one of the types \(known), found "
                    + "\(entry.scalarType.rawValue); weights of other types need scales that are not "
                    + "read here, save the model in bfloat16 or float32")
        }
        let stored = try Tensor.mapped(entry, of: file)
        let converted = try stored.to(dtype: dtype, device: device)
        guard use == .training else { return converted }
        let copy = converted === stored ? try stored.cloned() : converted
        file.advise(.dontNeed, for: entry)  // its pages would count as memory of the process
        return copy
    }

    /// Compares the stored bytes.
    public func checkCopy(_ copy: String, of name: String) throws(ParameterError) {
        if let message = checkpoint.difference(ofCopy: copy, from: name, keys) {
            throw ParameterError(message)
        }
    }

    /// Stored names that the model does not use and the dialect does not drop.
    public func leftover(besides used: Set<String>) -> [String] {
        checkpoint.names.filter { external in
            switch keys.canonical(external) {
            case .name(let name): !used.contains(name)
            case .dropped: false
            case .unknown: true
            }
        }
    }
}

extension Checkpoint {
    /// How the stored copy of a parameter differs from it, with the names of file and tensors.
    ///
    /// - Returns: `nil` when type, shape and bytes are equal, or one of both is not stored.
    package func difference(ofCopy copy: String, from name: String, _ keys: KeyMap) -> String? {
        guard let (file, entry) = keys.external(copy).flatMap({ find($0) }),
            let (otherFile, other) = keys.external(name).flatMap({ find($0) })
        else { return nil }
        defer { file.advise(.dontNeed, for: entry) }
        guard !file.holdsSame(entry, as: other, of: otherFile) else { return nil }
        return "\(file.path): tensor \"\(entry.name)\": expected no such tensor, or the numbers of "
            + "\"\(other.name)\" (\(other.scalarType.rawValue) \(other.shape)), to which the "
            + "config ties it; found others (\(entry.scalarType.rawValue) \(entry.shape))"
    }
}

extension Tensor {
    /// A tensor over the mapped bytes of a checkpoint entry; misaligned entries are copied.
    public static func mapped(
        _ entry: TensorEntry, of file: SafetensorsFile
    ) throws(TensorError) -> Tensor {
        let dtype = DType(entry.scalarType)
        guard entry.isAligned, entry.byteCount > 0 else {
            return try Tensor.copying(file.bytes(of: entry), shape: entry.shape, dtype: dtype)
        }
        return try unsafe Tensor.viewing(
            file.pointer(of: entry), owner: file, shape: entry.shape, dtype: dtype)
    }
}

extension DType {
    /// The engine's name for a safetensors scalar type.
    public init(_ type: ScalarType) {
        switch type {
        case .bool: self = .bool
        case .uint8: self = .uint8
        case .int8: self = .int8
        case .float8e4m3: self = .float8E4M3
        case .float8e5m2: self = .float8E5M2
        case .int16: self = .int16
        case .uint16: self = .uint16
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .int32: self = .int32
        case .uint32: self = .uint32
        case .float32: self = .float32
        case .float64: self = .float64
        case .int64: self = .int64
        case .uint64: self = .uint64
        }
    }

    /// The safetensors name of this dtype.
    public var scalarType: ScalarType {
        switch self {
        case .bool: .bool
        case .uint8: .uint8
        case .int8: .int8
        case .float8E4M3: .float8e4m3
        case .float8E5M2: .float8e5m2
        case .int16: .int16
        case .uint16: .uint16
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int32: .int32
        case .uint32: .uint32
        case .float32: .float32
        case .float64: .float64
        case .int64: .int64
        case .uint64: .uint64
        }
    }
}
