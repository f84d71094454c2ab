/// The checksum of TensorBoard's record format: CRC-32C (Castagnoli), masked as there.
struct CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        var value = UInt32(byte)
        for _ in 0..<8 { value = value & 1 == 1 ? 0x82F6_3B78 ^ (value >> 1) : value >> 1 }
        return value
    }

    /// The checksum of bytes.
    func callAsFunction(_ bytes: [UInt8]) -> UInt32 {
        let table = Self.table
        var value: UInt32 = .max
        for byte in bytes {
            value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8)
        }
        return ~value
    }

    /// The checksum turned by 15 bits and shifted by a constant, so that a checksum of data that
    /// holds checksums stays useful (TensorFlow, `tsl/lib/hash/crc32c.h`).
    func masked(_ bytes: [UInt8]) -> UInt32 {
        let value = self(bytes)
        return (value >> 15 | value << 17) &+ 0xA282_EAD8
    }
}
