/// A value that a pickle of tensors may hold.
indirect enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case tuple([PickleValue], depth: Int)
    case table(PickleTable)
    /// A name of Python that is known here.
    case name(PickleName)
    /// A stretch of memory by its key in the archive.
    case storage(TorchTensor.Storage)
    case tensor(TorchTensor)

    /// The depth of nested tables and tuples.
    var depth: Int {
        switch self {
        case .tuple(_, let depth): depth
        case .table(let table): table.depth
        default: 0
        }
    }
}

/// A dictionary of a pickle: pairs in the order of the file.
///
/// Pickles refer to objects while they are being filled. One that is part of another takes nothing
/// more, so no table can be part of itself.
final class PickleTable {
    private(set) var members: [(key: String, value: PickleValue)] = []
    private(set) var depth = 1
    private(set) var isSealed = false

    /// Adds a pair, and whether it could be.
    func add(_ key: String, _ value: PickleValue) -> Bool {
        guard !isSealed, value.depth < PickleReader.deepest else { return false }
        if case .table(let inner) = value {
            guard inner !== self else { return false }
            inner.isSealed = true
        }
        depth = max(depth, value.depth + 1)
        members.append((key, value))
        return true
    }

    /// Lets nothing more be added.
    func seal() { isSealed = true }
}

/// The names of Python that pickles of tensors need; any other is refused, since a pickle can call
/// what it names.
enum PickleName: Equatable {
    case orderedDict
    case rebuildTensor
    case rebuildParameter
    case storage(ScalarType)

    init?(_ module: String, _ name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDict
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", _):
            guard let type = Self.storages[name] else { return nil }
            self = .storage(type)
        default: return nil
        }
    }

    private static let storages: [String: ScalarType] = [
        "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16,
        "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
        "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
        "BoolStorage": .bool,
    ]
}
