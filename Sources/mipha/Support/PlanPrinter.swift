import Foundation
import MiphaFiles
import MiphaTraining

/// Prints what a run will take, and says when it cannot fit.
struct PlanPrinter {
    /// Whether one JSON object is printed.
    let asJSON: Bool
    /// Whether a part of a step is measured.
    let probes: Bool
    /// Bytes that the run may take; `nil` asks the machine.
    let memory: Int?
    let output: TerminalOutput

    /// Prints the plan.
    ///
    /// - Throws: `TrainingError` when the run cannot fit, or what would fit cannot be predicted.
    func print(_ plan: RunPlan) throws {
        let machine =
            memory.map { MachineMemory(available: $0, source: "given by --memory") }
            ?? MachineMemory()
        let free = DiskPlan.freeBytes(at: plan.run.outputFolder)
        let time = probes ? try plan.time() : nil
        let report = RunPlanReport(plan, machine: machine, freeDisk: free, time: time)
        if asJSON {
            output.result(try JSONValue.object(report.json()).text() + "\n")
        } else {
            output.result(report.lines.joined(separator: "\n") + "\n")
        }
        guard let machine else {
            output.warning(
                "this system does not report how much memory is free; nothing was checked")
            return
        }
        try plan.requireFit(machine, disk: free)
        if plan.isNear(machine) {
            output.warning(
                "the prediction is within a tenth of the memory there is; it may be that far off")
        }
    }
}
