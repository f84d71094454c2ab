/// The element types of safetensors files that this library reads and writes.
///
/// The raw value is the name in the file. The cases are in the order of the reference
/// implementation (huggingface/safetensors, `safetensors/src/tensor.rs`, `Dtype`): alignment
/// never falls along the list. Types of less than a byte (`F4`, `F6_…`), `F8_E8M0`, the `FNUZ`
/// variants and complex numbers are refused with an error.
public enum ScalarType: String, Sendable, CaseIterable, Hashable {
    /// One byte, 0 or 1.
    case bool = "BOOL"
    /// Unsigned, 8 bits.
    case uint8 = "U8"
    /// Signed, 8 bits.
    case int8 = "I8"
    /// Float of 8 bits: 5 exponent, 2 mantissa, with infinities.
    case float8e5m2 = "F8_E5M2"
    /// Float of 8 bits: 4 exponent, 3 mantissa, no infinities (`e4m3fn`).
    case float8e4m3 = "F8_E4M3"
    /// Signed, 16 bits.
    case int16 = "I16"
    /// Unsigned, 16 bits.
    case uint16 = "U16"
    /// IEEE half precision.
    case float16 = "F16"
    /// The upper half of a single precision float.
    case bfloat16 = "BF16"
    /// Signed, 32 bits.
    case int32 = "I32"
    /// Unsigned, 32 bits.
    case uint32 = "U32"
    /// IEEE single precision.
    case float32 = "F32"
    /// IEEE double precision.
    case float64 = "F64"
    /// Signed, 64 bits.
    case int64 = "I64"
    /// Unsigned, 64 bits.
    case uint64 = "U64"

    /// The size of an element in bytes.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8e5m2, .float8e4m3: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// Whether the elements are floats.
    public var isFloat: Bool {
        switch self {
        case .float8e5m2, .float8e4m3, .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    /// The position in the reference implementation's order.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
