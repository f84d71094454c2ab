import Foundation
public import MiphaTorch

/// The memory that a process may take on this machine.
public struct MachineMemory: Sendable, Equatable {
    /// Bytes that are free for a new process.
    public let available: Int
    /// The source of the number.
    public let source: String

    /// A number that the caller knows.
    public init(available: Int, source: String) {
        self.available = available
        self.source = source
    }

    /// The smaller one of what the system has to give and what the control group of this process
    /// has left; `nil` where neither is reported.
    ///
    /// - Parameters:
    ///   - proc: the folder that the kernel describes processes in.
    ///   - groups: the folder of control groups.
    public init?(proc: String = "/proc", groups: String = "/sys/fs/cgroup") {
        let found = [Self.system(proc), Self.group(proc, groups)]
        guard let least = found.compactMap({ $0 }).min(by: { $0.available < $1.available }) else {
            return nil
        }
        self = least
    }

    /// The resident bytes of this process.
    package static func residentBytes(proc: String = "/proc") -> Int? {
        guard let text = text("\(proc)/self/status") else { return nil }
        return kibibytes("VmRSS", in: text)
    }

    /// The most bytes that were ever resident in this process.
    public static func peakResidentBytes() -> Int? {
        text("/proc/self/status").flatMap { kibibytes("VmHWM", in: $0) }
    }

    /// The memory of a device that is free for a new process; `nil` where it does not say.
    ///
    /// - Throws: `TensorError`.
    public init?(of device: Device) throws {
        let memory = try device.memory()
        guard memory.total > 0 else { return nil }
        // What this process has taken already serves the run as well.
        self.init(available: memory.available + memory.reserved, source: "free on \(device)")
    }

    /// The most bytes that tensors of this process ever took on a device; `nil` where it does not
    /// count.
    public static func peakBytes(on device: Device) throws -> Int? {
        let peak = try device.memory().peak
        return peak > 0 ? peak : nil
    }

    private static func system(_ proc: String) -> MachineMemory? {
        text("\(proc)/meminfo").flatMap { kibibytes("MemAvailable", in: $0) }
            .map { MachineMemory(available: $0, source: "available on this machine") }
    }

    /// The memory that the limits of the control group and of those above it leave.
    private static func group(_ proc: String, _ groups: String) -> MachineMemory? {
        let lines = (text("\(proc)/self/cgroup") ?? "").split(separator: "\n")
        var least: Int?
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isUnified = parts[1].isEmpty
            guard isUnified || parts[1].split(separator: ",").contains("memory") else { continue }
            let root = isUnified ? groups : "\(groups)/memory"
            var path = String(parts[2])
            while true {
                if let left = left(in: root + path, isUnified: isUnified) {
                    least = min(least ?? left, left)
                }
                guard let slash = path.lastIndex(of: "/"), path != "/" else { break }
                path = slash == path.startIndex ? "/" : String(path[..<slash])
            }
        }
        return least.map {
            MachineMemory(available: $0, source: "left by the memory limit of the control group")
        }
    }

    private static func left(in folder: String, isUnified: Bool) -> Int? {
        let names =
            isUnified
            ? ("memory.max", "memory.current", "inactive_file")
            : ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        // Version 1 writes a number near the largest there is for no limit.
        guard let limit = number("\(folder)/\(names.0)"), limit < 1 << 60 else { return nil }
        let used = number("\(folder)/\(names.1)") ?? 0
        let cache =
            (text("\(folder)/memory.stat") ?? "").split(separator: "\n")
            .first { $0.hasPrefix("\(names.2) ") }
            .flatMap { Int($0.dropFirst(names.2.count + 1)) } ?? 0
        return max(0, limit - max(0, used - cache))
    }

    private static func number(_ path: String) -> Int? {
        text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private static func kibibytes(_ key: String, in text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(key):") })
        else { return nil }
        return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }.map {
            $0 << 10
        }
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
