import ArgumentParser
import Foundation
import MiphaChat
import MiphaData
import MiphaFiles
import MiphaFolders
import MiphaInference
import MiphaTorch
import MiphaTraining

/// A training run.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model as a run file says.",
        discussion: """
            EXAMPLE:
              mipha train Runs/align.yaml --set model=base --set output_dir=runs/align
              mipha train Runs/instruct.yaml --set 'tune={tower: last:4}' --dry-run
              mipha train --list-keys

            The run file is YAML; unknown keys are errors, and --list-keys prints the known ones. \
            The output folder receives resolved.yaml (a run file that repeats the run), \
            metrics.jsonl, TensorBoard events, checkpoint-<step> folders and at the end the model. A \
            run that was interrupted goes on from its newest whole checkpoint when the command is \
            given again. Ctrl-C and SIGTERM write a checkpoint first; after SIGTERM the exit status \
            is 0.

            Several processes share a run with --processes N on one machine, or under any launcher \
            that sets torchrun's variables (torchrun --no-python --nproc-per-node N mipha train \
            run.yaml). per_device_train_batch_size is that of one process; each takes a device of its \
            own where there are several.
            """)

    @OptionGroup var file: RunFileOptions

    @Option(
        help: "auto: from the newest checkpoint; never: from the start; or a checkpoint folder.")
    var resume = "auto"

    @Option(
        parsing: .unconditional,
        help: "Number of processes on this machine that share the work; else the run file's.")
    var processes: Int?

    @Flag(help: "Print what mipha plan prints, and stop.")
    var dryRun = false

    @Flag(help: "Start even when weights and optimiser are larger than the memory that is free.")
    var ignoreMemory = false

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        if let processes, !(1...1024).contains(processes) {
            throw ValidationError("--processes: expected 1 to 1024, found \(processes)")
        }
    }

    func run() throws {
        LocalRanks.followLauncher()
        Engine.keepFreedMemory()
        let configuration = try file.configuration()
        try engine.start(threads: configuration.threads)
        let environment = try RankEnvironment(ProcessInfo.processInfo.environment)
        if environment != nil, processes ?? 1 > 1 {
            throw ValidationError("--processes: a launcher has started several already")
        }
        let count = processes ?? configuration.processes
        if dryRun {
            try printPlan(configuration, environment, processes: count)
            return
        }
        if environment == nil, count > 1 {
            try DeviceChoice.requireOneEach(
                configuration.device, of: "device", processesHere: count)
            try runRanks(count)
            return
        }
        try train(configuration, environment)
    }

    /// Runs this command in several processes.
    private func runRanks(_ count: Int) throws {
        let output = logging.output
        let ranks = try LocalRanks(
            count: count, interruptedStatus: ExitStatus.interrupted, say: { output.error($0) })
        let signals = [SIGINT, SIGTERM].map { number in
            let interruption = Interruption(signal: number, ranks.wake)
            return LocalRanks.Signal(number) { interruption.isRaised }
        }
        let status = try ranks.run(Self.argumentsWithoutProcesses(), passingOn: signals)
        if status != 0 { throw ExitCode(status) }
    }

    /// Trains in this process, perhaps as one of several.
    private func train(
        _ configuration: RunConfiguration, _ environment: RankEnvironment?
    ) throws {
        let termination = Interruption(signal: SIGTERM)
        let device = try DeviceChoice.device(
            configuration.device, of: "device", localRank: environment?.localRank,
            processesHere: environment?.localWorldSize ?? 1,
            isDeterministic: configuration.isDeterministic)
        // Before the processes meet none of them has loaded anything.
        if !ignoreMemory, environment?.localRank ?? 0 == 0,
            let memory = try device == .cpu ? MachineMemory() : MachineMemory(of: device)
        {
            try RunPlan.requireRoomForState(
                configuration, on: device, world: environment?.worldSize ?? 1,
                processesHere: environment?.localWorldSize, memory)
        }
        let group = try environment.map {
            try ProcessGroup($0, backend: Self.backend(on: device), device: device)
        }
        let output = TerminalOutput(level: group?.rank ?? 0 > 0 ? .error : logging.logLevel)
        let trainer = try Trainer(
            configuration, on: device, resume: start(configuration), group: group,
            note: { output.relay($0) })
        for line in trainer.description { output.note(line) }
        if configuration.isDeterministic && device == .cpu {
            output.note(
                "note: deterministic: true changes nothing on the CPU, whose kernels give the same "
                    + "bits each time")
        }
        let questions =
            try group?.rank ?? 0 == 0 ? SampleQuestions(configuration)?.answers(of:) : nil
        let interruption = Interruption()
        var bar = ProgressBar(
            configuration.stage.rawValue, total: trainer.plan.totalSteps,
            startingAt: trainer.firstStep, unit: "updates", output: output)
        defer { bar.finish() }
        let outcome = try trainer.train(
            version: Version.text,
            shouldStop: { interruption.isRaised || termination.isRaised },
            report: { bar.update($0.step, note: $0.summary) },
            note: {
                bar.finish()
                output.relay($0)
            }, answers: questions)
        bar.finish()
        try conclude(outcome, configuration, device, isTerminated: termination.isRaised, output)
    }

    /// The transport of tensors of a job: NCCL between CUDA devices, where this build has it.
    private static func backend(on device: Device) -> ProcessGroup.Backend {
        if case .cuda = device, ProcessGroup.Backend.nccl.isAvailable { .nccl } else { .gloo }
    }

    /// Says how training ended, and with which exit status if it was stopped.
    private func conclude(
        _ outcome: TrainingOutcome, _ configuration: RunConfiguration, _ device: Device,
        isTerminated: Bool, _ output: TerminalOutput
    ) throws {
        switch outcome {
        case .completed:
            output.note("trained model in \(configuration.outputFolder)")
            if let bytes = MachineMemory.peakResidentBytes() {
                let own = try MachineMemory.peakBytes(on: device).map {
                    String(format: ", %.3f GB on \(device)", Double($0) / 1e9)
                }
                output.note(
                    String(format: "peak memory %.3f GB", Double(bytes) / 1e9) + (own ?? ""))
            }
        case .alreadyComplete:
            output.note("\(configuration.outputFolder) is complete already; nothing to do")
        case .stopped(let step):
            let command = resume == "auto" ? "the same command" : "the command with --resume auto"
            output.note("stopped after update \(step); \(command) goes on from there")
            if !isTerminated { throw ExitCode(ExitStatus.interrupted) }
        }
    }

    private func printPlan(
        _ configuration: RunConfiguration, _ environment: RankEnvironment?, processes: Int
    ) throws {
        guard environment?.rank ?? 0 == 0 else { return }
        let output = logging.output
        let printer = PlanPrinter(
            asJSON: false, probes: false, memory: nil, deviceMemory: nil, output: output)
        let here = environment?.localWorldSize
        try printer.print(
            RunPlan(
                configuration,
                on: DeviceChoice.device(
                    configuration.device, of: "device", processesHere: here ?? processes),
                world: environment?.worldSize ?? processes, processesHere: here,
                note: { output.note($0) }))
    }

    /// Where this start goes on from; a launcher that starts a job again wants it to go on.
    private func start(_ configuration: RunConfiguration) throws -> Trainer.Resume {
        let start = Trainer.Resume(parsing: resume)
        let environment = ProcessInfo.processInfo.environment
        guard try RankEnvironment.restarts(environment) > 0 else { return start }
        return start.again(configuration, job: RankEnvironment.job(environment))
    }

    /// The arguments of this process, as each of several is to have them.
    private static func argumentsWithoutProcesses() -> [String] {
        var kept: [String] = []
        var arguments = CommandLine.arguments.dropFirst()
        while let argument = arguments.popFirst() {
            if argument == "--processes" {
                arguments = arguments.dropFirst()
            } else if !argument.hasPrefix("--processes=") {
                kept.append(argument)
            }
        }
        return kept
    }
}
