import ArgumentParser
import Foundation
import MiphaFiles
import MiphaTorch
import MiphaTraining

/// What a training run will take.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict what a training run takes, before any weight is read.",
        discussion: """
            EXAMPLE:
              mipha plan Runs/instruct.yaml --set model=base --set output_dir=runs/instruct
              mipha plan Runs/instruct.yaml --memory 24 --no-probe --json
              mipha plan Runs/instruct.yaml --device cuda --device-memory 80

            Reads configs, headers of weight files and the conversations, and prints what trains, the \
            updates and tokens, the memory of every phase (within a tenth of what a process takes), \
            the disk space, and the time that a measured part of a step leads to. A run that cannot \
            fit into memory or disk ends with exit status 1 and settings that would fit, with as many \
            samples in an update.
            """)

    @OptionGroup var file: RunFileOptions

    @OptionGroup var report: PlanOptions

    @Option(
        parsing: .unconditional,
        help: "Number of processes on this machine that share the run; else the run file's.")
    var processes: Int?

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        if let processes, !(1...1024).contains(processes) {
            throw ValidationError("--processes: expected 1 to 1024, found \(processes)")
        }
    }

    func run() throws {
        Engine.keepFreedMemory()
        let configuration = try file.configuration()
        try engine.start(threads: configuration.threads)
        let output = logging.output
        let world = processes ?? configuration.processes
        let (device, isHere) = try report.device(configuration, processesHere: world)
        try report.printer(output, probes: isHere).print(
            RunPlan(configuration, on: device, world: world, note: { output.note($0) }))
    }
}

/// Options of what is printed about a plan.
struct PlanOptions: ParsableArguments {
    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(inversion: .prefixedNo, help: "Measure a part of a step, to predict the time.")
    var probe = true

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("GiB that the run may take; else what is free here.", valueName: "gib"))
    var memory: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "GiB of a device's memory that a process may take; else what is free on the device. "
                + "Plans for a card that need not be here; of one that is not, nothing is measured.",
            valueName: "gib"))
    var deviceMemory: Double?

    func validate() throws {
        if let deviceMemory, !(deviceMemory > 0 && deviceMemory < 1e6) {
            throw ValidationError(
                "--device-memory: expected a number of GiB above 0, found \(deviceMemory)")
        }
        if let memory, !(memory > 0 && memory < 1e6) {
            throw ValidationError("--memory: expected a number of GiB above 0, found \(memory)")
        }
    }

    /// The device that the run is planned for, and whether it is here.
    ///
    /// - Parameter processesHere: number of processes on this machine that share the run.
    /// - Throws: `ValidationError` for a device that is not here, unless its memory was given, and
    ///   for one that has no memory of its own where that was given.
    func device(
        _ run: RunConfiguration, processesHere: Int
    ) throws -> (device: Device, isHere: Bool) {
        try DeviceChoice.requireOneEach(run.device, of: "device", processesHere: processesHere)
        let found = Result { try DeviceChoice.device(run.device, of: "device") }
        // An unknown name stays an error.
        guard let named = try? Device.named(run.device) ?? .cuda(0) else {
            return (try found.get(), true)
        }
        guard named != .cpu, !named.sharesMainMemory else {
            guard deviceMemory == nil else {
                throw ValidationError(
                    "--device-memory: expected a device with memory of its own, found \(named); "
                        + "--memory is for main memory")
            }
            // Of a machine that is elsewhere, as its memory is given.
            let isElsewhere = memory != nil && named != .cpu && !named.isAvailable
            return isElsewhere ? (named, false) : (try found.get(), true)
        }
        guard deviceMemory != nil else { return (try found.get(), true) }
        if let device = try? found.get(), device != .cpu, !device.sharesMainMemory {
            return (device, true)
        }
        return (named, false)
    }

    /// - Parameter isHere: whether the device of the run can be measured.
    func printer(_ output: TerminalOutput, probes isHere: Bool) -> PlanPrinter {
        func bytes(_ gibibytes: Double) -> Int { Int(gibibytes * 1_073_741_824) }
        return PlanPrinter(
            asJSON: json, probes: probe && isHere, memory: memory.map(bytes),
            deviceMemory: deviceMemory.map(bytes), output: output)
    }
}
