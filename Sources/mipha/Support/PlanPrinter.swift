import Foundation
import MiphaFiles
import MiphaFolders
import MiphaTorch
import MiphaTraining

/// Prints what a run will take, and says when it cannot fit.
struct PlanPrinter {
    /// Whether one JSON object is printed.
    let asJSON: Bool
    /// Whether a part of a step is measured.
    let probes: Bool
    /// Bytes of main memory that the run may take; `nil` asks the machine.
    let memory: Int?
    /// Bytes of a device's memory that a process may take; `nil` asks the device.
    let deviceMemory: Int?
    let output: TerminalOutput

    /// Prints the plan.
    ///
    /// - Throws: `TrainingError` when the run cannot fit, or what would fit cannot be predicted.
    func print(_ plan: RunPlan) throws {
        let machine =
            memory.map { MachineMemory(available: $0, source: "given by --memory") }
            ?? MachineMemory()
        let own = try deviceLimit(plan.device)
        let free = DiskPlan.freeBytes(at: plan.run.outputFolder)
        let time = probes ? try plan.time() : nil
        let report = RunPlanReport(plan, machine: machine, device: own, freeDisk: free, time: time)
        if asJSON {
            output.result(try JSONValue.object(report.json()).text() + "\n")
        } else {
            output.result(report.lines.joined(separator: "\n") + "\n")
        }
        guard report.limit != nil else {
            output.warning(
                "this system does not report how much memory is free; nothing was checked")
            return
        }
        try plan.requireFit(machine, device: own, disk: free)
        if report.isNear {
            output.warning(
                "the prediction is within a tenth of the memory there is; it may be that far off")
        }
    }

    /// The memory that a process may take on the device of a run.
    private func deviceLimit(_ device: Device) throws -> MachineMemory? {
        if device == .cpu { return nil }
        if let deviceMemory {
            return MachineMemory(available: deviceMemory, source: "given by --device-memory")
        }
        return try MachineMemory(of: device)
    }
}
