import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch

/// The output folder of a run: checkpoints, metrics, and at the end the model.
///
/// ```
/// OUTPUT/run.json                  the resolved run file
/// OUTPUT/metrics.jsonl             one line per logged update
/// OUTPUT/checkpoint-<step>/        a model folder, plus optimizer.safetensors, trainer_state.json
/// OUTPUT/model.safetensors, …      the trained model
/// OUTPUT/trainer_state.json        written last; the run is complete
/// ```
struct RunFolder {
    let run: RunConfiguration
    private var path: String { run.outputFolder }
    private static let stateFile = "trainer_state.json"

    /// Settings that may differ between a run and its continuation.
    private static let freeKeys: Set = [
        "output_dir", "save_steps", "save_total_limit", "logging_steps",
    ]

    /// Steps of all whole checkpoints, rising.
    func checkpointSteps() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("checkpoint-") else { return nil }
            return Int(name.dropFirst("checkpoint-".count))
        }.sorted()
    }

    func checkpointPath(_ step: Int) -> String { "\(path)/checkpoint-\(step)" }

    /// Whether the run was finished, under the same settings.
    func isComplete(totalSteps: Int) throws -> Bool {
        let file = "\(path)/\(Self.stateFile)"
        guard FileManager.default.fileExists(atPath: file) else { return false }
        let state = try ConfigReader(contentsOf: file)
        try requireSameRun(state)
        return try state.int("step") >= totalSteps
    }

    /// Makes the folder ready for a run that has done `step` updates: what was done beyond is removed.
    func begin(at step: Int) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        for later in checkpointSteps().reversed() where later > step || step == 0 {
            try remove(later)
        }
        for name in [Self.stateFile] + (step == 0 ? ["metrics.jsonl"] : [])
        where files.fileExists(atPath: "\(path)/\(name)") {
            try files.removeItem(atPath: "\(path)/\(name)")
        }
        try JSONValue.object(run.json).write(to: "\(path)/run.json")
    }

    /// Removes a checkpoint; it loses its name first, so that a crash leaves no half one.
    private func remove(_ step: Int) throws {
        let files = FileManager.default
        let gone = "\(checkpointPath(step)).partial"
        if files.fileExists(atPath: gone) { try files.removeItem(atPath: gone) }
        try files.moveItem(atPath: checkpointPath(step), toPath: gone)
        try files.removeItem(atPath: gone)
    }

    /// Copies what a model folder needs beside weights and config.
    private func copyCompanions(to folder: String) throws {
        let names = [
            "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
            "merges.txt", "added_tokens.json", "preprocessor_config.json",
            "LICENSE", "generation_config.json",
        ]
        for name in names {
            guard let data = FileManager.default.contents(atPath: "\(run.model)/\(name)") else {
                continue
            }
            try AtomicFile.write([UInt8](data), to: "\(folder)/\(name)")
        }
    }

    private func state(step: Int, samples: Int) -> JSONValue {
        .object([
            "step": .integer(step), "samples": .integer(samples), "run": .object(run.json),
        ])
    }

    /// Writes a checkpoint that appears at once or not at all, then removes the oldest ones.
    func save(
        step: Int, samples: Int, model: MiphaModel, optimizer: [(name: String, tensor: Tensor)]
    ) throws {
        let folder = try AtomicDirectory(path: checkpointPath(step), replacesExisting: true)
        let partial = folder.partialPath
        try model.save(to: partial)
        try copyCompanions(to: partial)
        try Self.write(optimizer, to: "\(partial)/optimizer.safetensors")
        try state(step: step, samples: samples).write(to: "\(partial)/\(Self.stateFile)")
        try folder.commit()
        for old in checkpointSteps().dropLast(run.saveLimit) {
            try remove(old)
        }
    }

    /// Writes the trained model; the state file comes last and marks the run as complete.
    func finish(step: Int, samples: Int, model: MiphaModel) throws {
        try model.save(to: path)
        try copyCompanions(to: path)
        try state(step: step, samples: samples).write(to: "\(path)/\(Self.stateFile)")
    }

    /// Reads a checkpoint's state and refuses one of another run.
    ///
    /// - Returns: the number of updates done, and the optimiser's tensors by name.
    func resume(
        from folder: String, samples: Int
    ) throws -> (step: Int, tensor: (String) throws -> Tensor) {
        let state = try ConfigReader(contentsOf: "\(folder)/\(Self.stateFile)")
        try requireSameRun(state)
        guard try state.int("samples") == samples else {
            throw state.failure("samples", expected: "\(samples), the number in the data now")
        }
        let saved = try SafetensorsFile(path: "\(folder)/optimizer.safetensors")
        return (
            try state.int("step"),
            { name in try Tensor.mapped(saved.requiredEntry(name), of: saved) }
        )
    }

    private func requireSameRun(_ state: ConfigReader) throws {
        let saved = try state.object("run")
        let now = run.json
        let changed = now.keys.filter { key in
            !Self.freeKeys.contains(key) && saved.object[key] != now[key]
        }
        guard changed.isEmpty else {
            let list = changed.map { key in
                let old = (try? saved.object[key]?.text(.compact)) ?? "absent"
                let new = (try? now[key]?.text(.compact)) ?? "absent"
                return "\(key) was \(old) and is \(new)"
            }
            throw TrainingError(
                .invalidRun,
                "\(state.file) belongs to a run with other settings: "
                    + list.joined(separator: "; ")
                    + "; use another output_dir, or --resume never to start over")
        }
    }

    private static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String
    ) throws {
        let declarations = tensors.map {
            TensorDeclaration(
                name: $0.name, scalarType: $0.tensor.dtype.scalarType, shape: $0.tensor.shape)
        }
        var writer = try SafetensorsWriter(path: path, entries: declarations)
        for (_, tensor) in tensors { try tensor.withBytes { try writer.write($0) } }
        try writer.finish()
    }
}
