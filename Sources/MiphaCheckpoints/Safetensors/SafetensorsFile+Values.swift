import MiphaFiles

extension SafetensorsFile {
    /// Copies a tensor's bytes.
    public func bytes(of entry: TensorEntry) -> [UInt8] {
        unsafe withBytes(of: entry) { unsafe Array($0) }
    }

    /// Copies a tensor of any float type, converted to single precision.
    ///
    /// Meant for tests, tables and small tensors; double precision is rounded to nearest.
    ///
    /// - Throws: `CheckpointError` when there is no such tensor or its elements are not floats.
    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        let entry = try requiredEntry(name)
        let bytes = bytes(of: entry)
        return switch entry.scalarType {
        case .float64: bytes.words(UInt64.self).map { Float(Double(bitPattern: $0)) }
        case .float32: bytes.words(UInt32.self).map { Float(bitPattern: $0) }
        case .bfloat16: bytes.words(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
        case .float16: bytes.words(UInt16.self).map { SmallFloat.half.value(of: UInt32($0)) }
        case .float8e5m2: bytes.map { SmallFloat.e5m2.value(of: UInt32($0)) }
        case .float8e4m3: bytes.map { SmallFloat.e4m3.value(of: UInt32($0)) }
        default: throw wrongType(entry, expected: "floats")
        }
    }

    /// Copies a tensor of integers or booleans (0 and 1).
    ///
    /// - Throws: `CheckpointError` when there is no such tensor, its elements are not integers, or
    ///   one exceeds `Int`.
    public func integers(_ name: String) throws(CheckpointError) -> [Int] {
        let entry = try requiredEntry(name)
        let bytes = bytes(of: entry)
        switch entry.scalarType {
        case .bool, .uint8: return bytes.map { Int($0) }
        case .int8: return bytes.map { Int(Int8(bitPattern: $0)) }
        case .uint16: return bytes.words(UInt16.self).map { Int($0) }
        case .int16: return bytes.words(UInt16.self).map { Int(Int16(bitPattern: $0)) }
        case .uint32: return bytes.words(UInt32.self).map { Int($0) }
        case .int32: return bytes.words(UInt32.self).map { Int(Int32(bitPattern: $0)) }
        case .int64: return bytes.words(UInt64.self).map { Int(Int64(bitPattern: $0)) }
        case .uint64:
            let words = bytes.words(UInt64.self)
            guard words.allSatisfy({ $0 <= UInt64(Int.max) }) else {
                throw wrongType(entry, expected: "integers up to \(Int.max)")
            }
            return words.map { Int($0) }
        default: throw wrongType(entry, expected: "integers")
        }
    }

    private func wrongType(_ entry: TensorEntry, expected: String) -> CheckpointError {
        CheckpointError(
            .unsupportedType,
            "\(path): tensor \(entry.name.quoted): expected \(expected), "
                + "found \(entry.scalarType.rawValue)")
    }
}

extension [UInt8] {
    /// The bytes as little-endian words.
    fileprivate func words<Word: FixedWidthInteger>(_ type: Word.Type) -> [Word] {
        let width = MemoryLayout<Word>.size
        return (0..<count / width).map { position in
            var word: Word = 0
            for byte in 0..<width {
                word |= Word(truncatingIfNeeded: self[position * width + byte]) << (8 * byte)
            }
            return word
        }
    }
}

/// The layout of a float of 8 or 16 bits.
private struct SmallFloat {
    let exponentBits: UInt32
    let mantissaBits: UInt32
    let hasInfinity: Bool

    static let half = SmallFloat(exponentBits: 5, mantissaBits: 10, hasInfinity: true)
    static let e5m2 = SmallFloat(exponentBits: 5, mantissaBits: 2, hasInfinity: true)
    static let e4m3 = SmallFloat(exponentBits: 4, mantissaBits: 3, hasInfinity: false)

    func value(of bits: UInt32) -> Float {
        let mantissa = bits & (1 << mantissaBits - 1)
        let exponent = bits >> mantissaBits & (1 << exponentBits - 1)
        let sign: Float = bits >> (mantissaBits + exponentBits) & 1 == 0 ? 1 : -1
        let bias = 1 << (Int(exponentBits) - 1) - 1
        let scale = Int(mantissaBits)
        if exponent == 0 {
            return sign * Float(sign: .plus, exponent: 1 - bias - scale, significand: 1)
                * Float(mantissa)
        }
        if exponent == 1 << exponentBits - 1 {
            if hasInfinity { return mantissa == 0 ? sign * .infinity : .nan }
            if mantissa == 1 << mantissaBits - 1 { return .nan }
        }
        return sign * Float(mantissa + 1 << mantissaBits)
            * Float(sign: .plus, exponent: Int(exponent) - bias - scale, significand: 1)
    }
}
