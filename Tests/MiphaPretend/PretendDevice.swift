internal import CMiphaPretend
import Foundation
public import MiphaTorch

/// The pretend accelerator: devices with the CPU's kernels and memory that the host cannot read.
///
/// They are there in every process that links this target.
/// Modes and counts belong to the process: tests that set or read them run within ``alone(_:)``.
public enum PretendDevice {
    /// A way to be harder than the CPU is.
    public enum Mode: String, Sendable, CaseIterable {
        /// New and freed memory holds NaN, and asynchronous copies happen as late as is legal.
        case hostile
        /// Results in float64 are refused, as on MPS.
        case withoutFloat64 = "no-float64"
    }

    /// What the devices did.
    public struct Counts: Sendable, Equatable {
        /// Kernels that a GPU would launch: not memory taken, views, elements read.
        public var kernels = 0
        /// Times the host waited for a device, other than for copies to it.
        public var waits = 0
        /// Copies from the host to a device.
        public var copiesUp = 0
        /// Bytes of these copies.
        public var bytesUp = 0
        /// Those of these copies that the host waited for.
        public var waitingCopiesUp = 0
        /// Copies from a device to the host.
        public var copiesDown = 0
        /// Bytes of these copies.
        public var bytesDown = 0
        /// All calls by the name of the operator, such as `aten::mm.out`.
        public var operators: [String: Int] = [:]
    }

    /// All devices, in the order of their indices.
    public static let all = (0..<Int(mp_device_count())).map { Device.privateUse($0) }

    private static let turn = NSLock()

    /// Runs `body` while no other call of this function runs: not to be nested.
    public static func alone<R>(_ body: () throws -> R) rethrows -> R {
        try turn.withLock(body)
    }

    /// Runs `body` with a mode on or off.
    public static func with<R>(
        _ mode: Mode, _ isOn: Bool = true, _ body: () throws -> R
    ) rethrows -> R {
        let former = isSet(mode)
        set(mode, isOn)
        defer { set(mode, former) }
        return try body()
    }

    /// Runs `body` while a device has only so many bytes beyond those in use.
    public static func withRoom<R>(
        bytes: Int, on device: Device, _ body: () throws -> R
    ) rethrows -> R {
        let place = index(of: device)
        mp_set_capacity(place, mp_bytes(place) + UInt64(bytes))
        defer { mp_set_capacity(place, 0) }
        return try body()
    }

    /// Runs `body` and says what the devices did meanwhile.
    public static func counting<R>(
        _ body: () throws -> R
    ) rethrows -> (result: R, counts: Counts) {
        let before = counts()
        let result = try body()
        return (result, counts() - before)
    }

    /// Whether a mode is on.
    public static func isSet(_ mode: Mode) -> Bool {
        switch mode {
        case .hostile: mp_is_hostile()
        case .withoutFloat64: mp_lacks_float64()
        }
    }

    /// Switches a mode for the process.
    public static func set(_ mode: Mode, _ isOn: Bool) {
        switch mode {
        case .hostile: mp_set_hostile(isOn)
        case .withoutFloat64: mp_set_lacks_float64(isOn)
        }
    }

    /// What the devices did since the start of the process.
    public static func counts() -> Counts {
        let values = mp_current_counts()
        var counts = Counts()
        counts.kernels = Int(values.kernels)
        counts.waits = Int(values.waits)
        counts.copiesUp = Int(values.copies_up)
        counts.bytesUp = Int(values.bytes_up)
        counts.waitingCopiesUp = Int(values.waiting_copies_up)
        counts.copiesDown = Int(values.copies_down)
        counts.bytesDown = Int(values.bytes_down)
        let table = unsafe taken(mp_operator_table()) ?? ""
        for line in table.split(separator: "\n") {
            let parts = line.split(separator: " ")
            counts.operators[String(parts[0])] = Int(parts[1])
        }
        return counts
    }

    /// Bytes of tensors on a device: now, and at most since the last ``resetPeak(of:)``.
    public static func memory(of device: Device) -> (now: Int, peak: Int) {
        (Int(mp_bytes(index(of: device))), Int(mp_peak_bytes(index(of: device))))
    }

    /// Lets the peak begin at what is used now.
    public static func resetPeak(of device: Device) {
        mp_reset_peak(index(of: device))
    }

    private static func index(of device: Device) -> Int32 {
        guard case .privateUse(let index) = device, all.indices.contains(index) else {
            preconditionFailure("\(device) is no pretend device")
        }
        return Int32(index)
    }

    /// A text of C that is the caller's.
    static func taken(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text = unsafe text else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}

extension PretendDevice.Counts {
    /// What was done between two states of the counts.
    static func - (later: Self, earlier: Self) -> Self {
        var counts = Self()
        counts.kernels = later.kernels - earlier.kernels
        counts.waits = later.waits - earlier.waits
        counts.copiesUp = later.copiesUp - earlier.copiesUp
        counts.bytesUp = later.bytesUp - earlier.bytesUp
        counts.waitingCopiesUp = later.waitingCopiesUp - earlier.waitingCopiesUp
        counts.copiesDown = later.copiesDown - earlier.copiesDown
        counts.bytesDown = later.bytesDown - earlier.bytesDown
        counts.operators = later.operators.merging(earlier.operators) { $0 - $1 }
            .filter { $0.value != 0 }
        return counts
    }
}
