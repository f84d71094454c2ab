import CMiphaZlib

/// An unfinished raw deflate stream.
@safe
final class Inflater {
    /// What one step did.
    struct Step {
        let consumed: Int
        let written: Int
        let isAtEnd: Bool
    }

    private let handle: mz_inflater

    /// Starts a stream; nil when memory is short.
    init?() {
        var handle: mz_inflater?
        guard unsafe mz_inflater_create(&handle) == MZ_STATUS_OK, let handle = unsafe handle else {
            return nil
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe mz_inflater_free(handle)
    }

    /// Reads of `input` and fills `output` as far as they go; nil when the stream is damaged.
    func run(
        _ input: ArraySlice<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Step? {
        var consumed = 0
        var written = 0
        let status = unsafe input.withUnsafeBufferPointer { input in
            unsafe mz_inflater_run(
                handle, input.baseAddress, input.count, &consumed, output.baseAddress,
                output.count, &written)
        }
        guard status == MZ_STATUS_OK || status == MZ_STATUS_END else { return nil }
        return Step(consumed: consumed, written: written, isAtEnd: status == MZ_STATUS_END)
    }
}

/// Whole-buffer operations of zlib.
enum Deflate {
    /// Deflates bytes to a raw stream; nil when memory is short.
    static func deflated(_ bytes: [UInt8]) -> [UInt8]? {
        var isWhole = false
        let capacity = mz_deflate_bound(bytes.count)
        let result = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            isWhole = unsafe bytes.withUnsafeBufferPointer { input in
                unsafe mz_deflate(
                    input.baseAddress, input.count, buffer.baseAddress, capacity, &count)
                    == MZ_STATUS_END
            }
        }
        return isWhole ? result : nil
    }

    /// The CRC-32 of `bytes`.
    static func crc32(of bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { unsafe crc32(0, $0) }
    }

    /// The CRC-32 of `bytes` continued from `crc`.
    static func crc32(_ crc: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        unsafe mz_crc32(crc, bytes.baseAddress, bytes.count)
    }
}
