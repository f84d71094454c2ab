internal import CMiphaTorch

/// Element type of a tensor.
public enum DType: String, Sendable, CaseIterable {
    /// IEEE single precision.
    case float32
    /// IEEE double precision.
    case float64
    /// IEEE half precision.
    case float16
    /// Brain floating point: 8 exponent and 7 fraction bits.
    case bfloat16
    /// 8-bit float with 4 exponent bits, finite only.
    case float8E4M3
    /// 8-bit float with 5 exponent bits.
    case float8E5M2
    /// Signed 64-bit integer.
    case int64
    /// Signed 32-bit integer.
    case int32
    /// Signed 16-bit integer.
    case int16
    /// Signed 8-bit integer.
    case int8
    /// Unsigned 64-bit integer.
    case uint64
    /// Unsigned 32-bit integer.
    case uint32
    /// Unsigned 16-bit integer.
    case uint16
    /// Unsigned 8-bit integer.
    case uint8
    /// Truth value in one byte.
    case bool

    /// Size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .float8E4M3, .float8E5M2, .int8, .uint8, .bool: 1
        }
    }

    var cValue: mt_dtype {
        switch self {
        case .float32: MT_FLOAT32
        case .float64: MT_FLOAT64
        case .float16: MT_FLOAT16
        case .bfloat16: MT_BFLOAT16
        case .float8E4M3: MT_FLOAT8_E4M3
        case .float8E5M2: MT_FLOAT8_E5M2
        case .int64: MT_INT64
        case .int32: MT_INT32
        case .int16: MT_INT16
        case .int8: MT_INT8
        case .uint64: MT_UINT64
        case .uint32: MT_UINT32
        case .uint16: MT_UINT16
        case .uint8: MT_UINT8
        case .bool: MT_BOOL
        }
    }

    init(_ value: mt_dtype) {
        switch value {
        case MT_FLOAT32: self = .float32
        case MT_FLOAT64: self = .float64
        case MT_FLOAT16: self = .float16
        case MT_BFLOAT16: self = .bfloat16
        case MT_FLOAT8_E4M3: self = .float8E4M3
        case MT_FLOAT8_E5M2: self = .float8E5M2
        case MT_INT64: self = .int64
        case MT_INT32: self = .int32
        case MT_INT16: self = .int16
        case MT_INT8: self = .int8
        case MT_UINT64: self = .uint64
        case MT_UINT32: self = .uint32
        case MT_UINT16: self = .uint16
        case MT_UINT8: self = .uint8
        default: self = .bool
        }
    }
}
