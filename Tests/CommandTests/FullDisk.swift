import Foundation
import MiphaTestSupport

/// A run on a file system of its own that is full, is killed, gets room again and ends.
///
/// The file system is one in memory, in a mount namespace of the user's own.
struct FullDisk {
    /// Kilobytes that are free at first.
    let room: Int
    /// Time until the kill.
    let seconds: Double

    struct Report {
        let wasKilled: Bool
        /// Whether a checkpoint was being written when the run was killed.
        let hadPartial: Bool
        /// Number of whole checkpoints at that moment.
        let checkpoints: Int
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Whether this system lets a user mount such a file system.
    static let isAvailable: Bool = {
        let status = try? bash(mounting("true"), [FileManager.default.temporaryDirectory.path()])
        return status?.status == 0
    }()

    private static func mounting(_ then: String) -> String {
        "exec unshare -Urm /bin/bash -c 'mount -t tmpfs -o size=32m none \"$1\" && { \(then); }' -- \"$@\""
    }

    private static func bash(
        _ script: String, _ arguments: [String]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", script, "--"] + arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// Runs a command that writes to `mount` twice, the second time to its end, and copies what it
    /// wrote to `result`.
    func trial(mount: String, result: String, _ command: [String]) throws -> Report {
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let script = """
            mount=$1; result=$2; room=$3; seconds=$4; shift 4; \
            free=$(df -k --output=avail "$mount" | tail -n 1); \
            head -c $(( (free - room) * 1024 )) /dev/zero > "$mount/filler"; \
            "$@" > /dev/null & \
            sleep "$seconds"; kill -9 $! && killed=1 || killed=0; wait $!; \
            ls -d "$mount"/*.partial && partial=1 || partial=0; \
            whole=$(ls -d "$mount"/checkpoint-* | grep -vc partial); \
            rm "$mount/filler"; \
            "$@" > /dev/null || exit 3; \
            cp -r "$mount" "$result"; \
            echo "report $killed $partial $whole"
            """
        let done = try Self.bash(
            Self.mounting(script), [mount, result, "\(room)", "\(seconds)"] + command)
        let words = done.output.split(whereSeparator: \.isWhitespace)
        guard done.status == 0, let start = words.lastIndex(of: "report"), words.count == start + 4
        else {
            throw Failure(description: "status \(done.status): \(done.output)")
        }
        return Report(
            wasKilled: words[start + 1] == "1", hadPartial: words[start + 2] == "1",
            checkpoints: Int(words[start + 3]) ?? 0)
    }
}
