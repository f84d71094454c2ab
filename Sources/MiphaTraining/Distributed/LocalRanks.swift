import Foundation
import MiphaTorch

/// Several processes of this program on this machine, as one job.
///
/// Each gets the environment variables that `torchrun` would set, and an equal share of the cores
/// unless `OMP_NUM_THREADS` is set. Signals are passed on. When one process fails, the others are
/// stopped. What rank 0 says goes to the terminal; what the others say is shown when they fail
/// first.
package final class LocalRanks {
    /// A signal that is passed on to the processes.
    package struct Signal {
        let number: Int32
        let isRaised: () -> Bool

        /// Reports in `isRaised` whether the signal has come to this process.
        package init(_ number: Int32, isRaised: @escaping () -> Bool) {
            self.number = number
            self.isRaised = isRaised
        }
    }

    /// The way a process ended.
    private enum Ending {
        case exit(Int32)
        case signal(Int32)
    }

    /// Variable that is set where a process's standard input ends when its launcher does.
    private static let marker = "MIPHA_LAUNCHED"
    /// Seconds that processes get to end by themselves after one has failed.
    private static let grace = 2.0

    private let count: Int
    private let interruptedStatus: Int32
    private let say: (String) -> Void
    private let events = DispatchSemaphore(value: 0)
    private let store: RendezvousStore
    private var processes: [Process] = []
    /// The ends of the pipes that say that this process lives.
    private var lifelines: [Pipe] = []
    private var logs: [String] = []

    /// Prepares a job of `count` processes.
    ///
    /// - Parameters:
    ///   - interruptedStatus: the exit status of the program after Ctrl-C.
    ///   - say: receives the reason why the job failed.
    /// - Throws: `TensorError` when there is no port for the processes to meet at.
    package init(
        count: Int, interruptedStatus: Int32, say: @escaping (String) -> Void
    ) throws {
        self.count = count
        self.interruptedStatus = interruptedStatus
        self.say = say
        store = try RendezvousStore()
    }

    /// Has the job look at its signals; called when one comes.
    package var wake: @Sendable () -> Void {
        { [events] in events.signal() }
    }

    /// Runs the program with these arguments in every process.
    ///
    /// - Parameter signals: passed on, each once; ``wake`` says when one has come.
    /// - Returns: the exit status of the job.
    package func run(_ arguments: [String], passingOn signals: [Signal]) throws -> Int32 {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "mipha-ranks-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        defer { for process in processes where process.isRunning { Self.kill(process, SIGKILL) } }
        for rank in 0..<count {
            let log = folder.appending(path: "rank-\(rank)").path(percentEncoded: false)
            try start(rank, arguments, log: log)
        }
        return watch(signals)
    }

    private func start(_ rank: Int, _ arguments: [String], log: String) throws {
        let process = Process()
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let inherited = ProcessInfo.processInfo.environment
        let cores = ProcessInfo.processInfo.activeProcessorCount
        process.environment = inherited.merging([
            "RANK": "\(rank)", "LOCAL_RANK": "\(rank)", "WORLD_SIZE": "\(count)",
            "LOCAL_WORLD_SIZE": "\(count)", "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": "\(store.port)", "TORCHELASTIC_USE_AGENT_STORE": "True",
            "OMP_NUM_THREADS": inherited["OMP_NUM_THREADS"] ?? "\(max(1, cores / count))",
            Self.marker: "1",
        ]) { $1 }
        let lifeline = Pipe()
        process.standardInput = lifeline
        if rank > 0 {
            try Data().write(to: URL(filePath: log))
            process.standardError = FileHandle(forWritingAtPath: log)
            process.standardOutput = FileHandle.nullDevice
        }
        process.terminationHandler = { [wake] _ in wake() }
        try process.run()
        processes.append(process)
        lifelines.append(lifeline)
        logs.append(log)
    }

    /// Waits until all have ended; after a failure, until the others have been stopped.
    private func watch(_ signals: [Signal]) -> Int32 {
        var failure: (rank: Int, ending: Ending)?
        var passed: Set<Int32> = []
        var deadline = DispatchTime.distantFuture
        while processes.contains(where: \.isRunning) {
            let outcome = events.wait(timeout: deadline)
            for signal in signals where signal.isRaised() && passed.insert(signal.number).inserted {
                for process in processes where process.isRunning {
                    Self.kill(process, signal.number)
                }
            }
            let isInterrupted = !passed.isEmpty
            if failure == nil, let found = firstFailure(isInterrupted: isInterrupted) {
                failure = found
                deadline = .now() + Self.grace
            } else if outcome == .timedOut {
                for process in processes where process.isRunning { Self.kill(process, SIGKILL) }
                deadline = .distantFuture
            }
        }
        if failure == nil { failure = firstFailure(isInterrupted: !passed.isEmpty) }
        guard let failure else {
            // A signal that came before a process was ready for it ended that process at once.
            let isCut = processes.contains { $0.terminationReason == .uncaughtSignal }
            return isCut ? interruptedStatus : processes.map(\.terminationStatus).max() ?? 0
        }
        return report(failure.rank, failure.ending)
    }

    /// The process that has failed; death by a signal counts before an error, which may follow from
    /// it.
    private func firstFailure(isInterrupted: Bool) -> (rank: Int, ending: Ending)? {
        let ended = processes.enumerated().filter { !$1.isRunning }
        func wasStopped(_ process: Process) -> Bool {
            isInterrupted && [SIGINT, SIGTERM].contains(process.terminationStatus)
        }
        let killed = ended.first {
            $1.terminationReason == .uncaughtSignal && !wasStopped($1)
        }
        if let killed {
            return (killed.offset, .signal(killed.element.terminationStatus))
        }
        return ended.first {
            $1.terminationReason == .exit && $1.terminationStatus != 0
                && !(isInterrupted && $1.terminationStatus == interruptedStatus)
        }.map { ($0.offset, .exit($0.element.terminationStatus)) }
    }

    private func report(_ rank: Int, _ ending: Ending) -> Int32 {
        if rank > 0, let said = try? String(contentsOfFile: logs[rank], encoding: .utf8) {
            for line in said.split(separator: "\n").suffix(5) {
                say("rank \(rank): \(line)")
            }
        }
        let (what, status): (String, Int32) =
            switch ending {
            case .exit(let status): ("failed with exit status \(status)", status)
            case .signal(let number): ("was killed by signal \(number)", EXIT_FAILURE)
            }
        say(
            "rank \(rank) of \(count) \(what), and the job with it; the same command goes on from "
                + "the newest checkpoint")
        return status
    }

    private static func kill(_ process: Process, _ number: Int32) {
        Foundation.kill(process.processIdentifier, number)
    }

    /// Ends this process when the launcher that started it, if one did, is gone.
    package static func followLauncher() {
        guard ProcessInfo.processInfo.environment[marker] != nil else { return }
        let thread = Thread {
            while let data = try? FileHandle.standardInput.read(upToCount: 1), !data.isEmpty {}
            exit(EXIT_FAILURE)
        }
        thread.start()
    }
}
