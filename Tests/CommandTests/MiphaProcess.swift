import Foundation
import MiphaTestSupport

/// A finished run of the built executable.
struct MiphaProcess {
    let status: Int32
    let output: String
    let errors: String

    /// Lines of standard error.
    var errorLines: [Substring] { errors.split(separator: "\n") }

    /// Where the build put the executable, or nil where it is not built.
    static let executable: String? = {
        // On Linux the test runner lies beside the products, on macOS inside a bundle beside them.
        let bundles = Bundle.allBundles.map(\.bundleURL)
        let runner = URL(filePath: CommandLine.arguments.first ?? "")
        let places = [Bundle.main.bundleURL, runner] + bundles
        for place in places {
            for folder in [place, place.deletingLastPathComponent()] {
                let path = folder.appending(path: "mipha").path(percentEncoded: false)
                if isExecutableFile(path) { return path }
            }
        }
        for configuration in ["release", "debug"] {
            let path = "\(PackagePaths.root)/.build/\(configuration)/mipha"
            if isExecutableFile(path) { return path }
        }
        return nil
    }()

    private static func isExecutableFile(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeRegular
            && FileManager.default.isExecutableFile(atPath: path)
    }

    /// Runs the executable and waits for its end.
    init(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws {
        let folder = try TemporaryFolder()
        let (inputPath, outputPath, errorPath) = (
            folder.file("in"), folder.file("out"), folder.file("err")
        )
        try input.write(toFile: inputPath, atomically: false, encoding: .utf8)
        for path in [outputPath, errorPath] {
            try "".write(toFile: path, atomically: false, encoding: .utf8)
        }
        let process = Process()
        process.executableURL = URL(filePath: Self.executable ?? "")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle(forReadingAtPath: inputPath)
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        try process.run()
        process.waitUntilExit()
        status = process.terminationStatus
        output = try String(contentsOfFile: outputPath, encoding: .utf8)
        errors = try String(contentsOfFile: errorPath, encoding: .utf8)
    }
}
