import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// States that are not of a run of this program.
@Suite struct ForeignStateTests {
    /// As transformers 5 writes it, cut short.
    private let foreign: JSONValue = [
        "best_global_step": nil, "best_metric": nil, "epoch": 1.0, "eval_steps": 500,
        "global_step": 2, "is_local_process_zero": true, "log_history": [], "max_steps": 6,
        "num_train_epochs": 3, "train_batch_size": 2, "trial_params": nil,
    ]

    private func message(_ run: RunConfiguration, _ resume: Trainer.Resume = .auto) -> String {
        let error = #expect(throws: TrainingError.self) { try Trainer(run, resume: resume) }
        return error?.description ?? ""
    }

    @Test func `a checkpoint of transformers is refused with what it is good for`() throws {
        let tiny = try TinyRun()
        let folder = "\(tiny.run.outputFolder)/checkpoint-2"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try foreign.write(to: "\(folder)/trainer_state.json")
        for resume in [Trainer.Resume.auto, .from(folder)] {
            let message = message(tiny.run, resume)
            #expect(
                message.contains("\(folder)/trainer_state.json: was written by transformers"),
                "\(message)")
            #expect(message.contains("begin one with model: \(folder)"), "\(message)")
        }
    }

    @Test func `the state of a finished training of transformers is refused`() throws {
        let tiny = try TinyRun()
        try FileManager.default.createDirectory(
            atPath: tiny.run.outputFolder, withIntermediateDirectories: true)
        try foreign.write(to: "\(tiny.run.outputFolder)/trainer_state.json")
        #expect(message(tiny.run).contains("was written by transformers"))
    }

    @Test func `a field that is not known is refused by name`() throws {
        let tiny = try TinyRun()
        try progress(tiny.run, stoppingAfter: 2)
        let folder = "\(tiny.run.outputFolder)/checkpoint-2"
        let file = "\(folder)/trainer_state.json"
        guard case .object(var state) = try JSONValue(contentsOf: file) else { return }
        state["loss_scale"] = 2
        try JSONValue.object(state).write(to: file)
        try CheckpointChecksums.write(folder)
        let error = #expect(throws: CheckpointError.self) { try Trainer(tiny.run) }
        #expect(
            error.map { "\($0)" }?.contains("\(file): unknown key loss_scale") == true,
            "\(String(describing: error))")
    }
}
