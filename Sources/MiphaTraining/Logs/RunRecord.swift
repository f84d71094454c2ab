import Dispatch
import Foundation
import MiphaFiles
import MiphaTorch
import Synchronization

/// The files of a run's folder that say what was run: `environment.json` and `inputs.json`.
struct RunRecord {
    let folder: String
    let run: RunConfiguration
    /// Version of the program.
    let version: String
    /// Where the model learns.
    let device: Device
    /// Number of processes that share the work.
    let processes: Int

    /// Adds this start of the run to `environment.json`: program, libtorch, machine, command.
    func addStart(resumingAt step: Int) throws {
        let path = "\(folder)/environment.json"
        let old = (try? JSONValue(contentsOf: path))?["starts"]?.arrayValue ?? []
        let process = ProcessInfo.processInfo
        let executable = Bundle.main.executablePath ?? ""
        var start: JSONObject = [
            "time": .string(Date.now.ISO8601Format()), "resumed_from": .integer(step),
            "version": .string(version),
            "executable_sha256": .string((try? SHA256Digest(contentsOf: executable).hex) ?? ""),
            "libtorch": .string(Engine.loadedVersion), "threads": .integer(Engine.threadCount),
            "device": .string(device.description), "deterministic": .bool(run.isDeterministic),
            "system": .string(process.operatingSystemVersionString),
            "processors": .integer(process.activeProcessorCount),
            "memory_bytes": .integer(Int(clamping: process.physicalMemory)),
            "processes": .integer(processes),
            "job": RankEnvironment.job(process.environment).map { .string($0) } ?? .null,
            "arguments": .array(process.arguments.map { .string($0) }),
            "folder": .string(FileManager.default.currentDirectoryPath),
        ]
        if device == .cpu {
            start["bfloat16_products_in_float32"] = .bool(Engine.computesBFloat16InFloat)
        }
        let object: JSONValue = ["starts": .array(old + [.object(start)])]
        try object.write(to: path)
    }

    /// The launcher's job that wrote into a run's folder last.
    static func lastJob(in folder: String) -> String? {
        let starts = (try? JSONValue(contentsOf: "\(folder)/environment.json"))?["starts"]
        return starts?.arrayValue?.last?["job"]?.stringValue
    }

    /// `inputs.json`, while it is being made.
    final class Inputs: Sendable {
        fileprivate let queue = DispatchQueue(label: "mipha.inputs", qos: .background)
        fileprivate let failure = Mutex<String?>(nil)

        fileprivate init() {}

        /// Waits until the file is there.
        ///
        /// - Returns: why it is not, if it could not be written.
        func wait() -> String? {
            queue.sync {}
            return failure.withLock { $0 }
        }
    }

    /// Hashes all input files in the background and writes `inputs.json`.
    func hashInputs() -> Inputs {
        let inputs = Inputs()
        let (folder, run) = (folder, run)
        inputs.queue.async {
            let names = (try? FileSystem.list(run.model)) ?? []
            let model = names.map { FileSystem.join(run.model, $0) }
                .filter { FileSystem.kind($0) == .file }
            let paths = run.dataFiles + run.validationFiles + model
            let entries = paths.map { path -> JSONValue in
                let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size]
                let digest = try? SHA256Digest(contentsOf: path)
                return [
                    "file": .string(path), "bytes": .integer((size as? Int) ?? 0),
                    "sha256": digest.map { .string($0.hex) } ?? .null,
                ]
            }
            let object: JSONValue = ["files": .array(entries)]
            do {
                try object.write(to: "\(folder)/inputs.json")
            } catch {
                inputs.failure.withLock { $0 = "\(error)" }
            }
        }
        return inputs
    }
}
