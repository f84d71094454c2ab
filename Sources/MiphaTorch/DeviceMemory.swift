internal import CMiphaTorch

/// Bytes of a device's memory; all 0 for a device that does not count them, as the CPU.
public struct DeviceMemory: Sendable, Equatable {
    /// In tensors.
    public let used: Int
    /// The most that was in tensors since the start, or since ``Device/resetPeakMemory()``.
    public let peak: Int
    /// Taken by this process, whether or not a tensor uses it.
    public let reserved: Int
    /// Free on the whole device; 0 where it does not say.
    public let available: Int
    /// Of the whole device; 0 where it does not say.
    public let total: Int
}

extension Device {
    /// The memory of the device.
    public func memory() throws(TensorError) -> DeviceMemory {
        var memory = mt_memory()
        try check(unsafe mt_device_memory(cValue, &memory), "memory of \(self)")
        return DeviceMemory(
            used: Int(clamping: memory.used), peak: Int(clamping: memory.peak),
            reserved: Int(clamping: memory.reserved), available: Int(clamping: memory.available),
            total: Int(clamping: memory.total))
    }

    /// Bytes of pinned main memory that a process keeps for its copies to and from the device, which
    /// need not be here.
    ///
    /// - Parameters:
    ///   - largestUpload: bytes of the largest tensor that is sent there.
    ///   - largestDownload: bytes of the largest one that ``Tensors/hostCopies(of:)`` fetches.
    public func pinnedBytes(largestUpload: Int, largestDownload: Int) -> Int {
        Int(
            clamping: mt_pinned_bytes(
                cValue.kind, UInt64(largestUpload), UInt64(largestDownload)))
    }

    /// Whether the device's memory is main memory, of which the host takes its part too.
    public var sharesMainMemory: Bool { self == .mps }

    /// Lets the peak begin at what is used now.
    public func resetPeakMemory() throws(TensorError) {
        try check(mt_device_reset_peak(cValue), "peak memory of \(self)")
    }

    /// Gives memory that no tensor uses back to the device.
    public func releaseUnusedMemory() throws(TensorError) {
        try check(mt_device_release_memory(cValue), "unused memory of \(self)")
    }
}
