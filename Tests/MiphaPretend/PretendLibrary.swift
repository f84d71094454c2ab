import Foundation
import MiphaTestSupport

/// The pretend device as a library that brings it into a program that knows nothing of it.
public enum PretendLibrary {
    /// Where the build put the library, or nil where it is not built.
    public static let path: String? = {
        #if os(macOS)
            let name = "libMiphaPretendDevice.dylib"
        #else
            let name = "libMiphaPretendDevice.so"
        #endif
        let runner = URL(filePath: CommandLine.arguments.first ?? "")
        let places = [Bundle.main.bundleURL, runner] + Bundle.allBundles.map(\.bundleURL)
        let folders =
            places.flatMap { [$0, $0.deletingLastPathComponent()] }
            + [URL(filePath: "\(PackagePaths.root)/.build/release")]
        return folders.map { $0.appending(path: name).path(percentEncoded: false) }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// What a program's environment needs, in addition to the tests' own, to have the device.
    ///
    /// - Parameter report: file that the program writes its counts to at its end.
    public static func environment(
        modes: [PretendDevice.Mode] = [], report: String? = nil
    ) -> [String: String] {
        #if os(macOS)
            let variable = "DYLD_INSERT_LIBRARIES"
        #else
            let variable = "LD_PRELOAD"
        #endif
        var environment = [variable: path ?? ""]
        environment["MIPHA_PRETEND"] = modes.map(\.rawValue).joined(separator: ",")
        environment["MIPHA_PRETEND_REPORT"] = report
        return environment
    }

    /// The numbers of a report by name: the counts of `CMiphaPretend.h`, `peak_bytes:0` and so on for
    /// each device, and the calls by the name of their operator.
    public static func readReport(_ path: String) throws -> [String: Int] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let pairs = text.split(separator: "\n").map { line -> (String, Int) in
            let parts = line.split(separator: " ")
            return (String(parts[0]), parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        }
        return Dictionary(pairs) { $1 }
    }
}
