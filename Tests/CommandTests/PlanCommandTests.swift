import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha plan`, and `mipha train` beside what it said.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct PlanCommandTests {
    private let folder: PlanFolder

    init() throws {
        folder = try PlanFolder()
    }

    private static let kinds: [[String]] = [
        ["stage: align", "per_device_train_batch_size: 16"],
        ["stage: instruct", "per_device_train_batch_size: 16"],
        [
            "stage: instruct", "per_device_train_batch_size: 16", "dtype: bfloat16",
            "gradient_checkpointing: true",
        ],
    ]

    private func plan(_ file: String, _ more: [String] = []) throws -> MiphaProcess {
        try MiphaProcess(["plan", file, "--no-probe", "--json"] + more)
    }

    #if os(Linux)
        @Test(arguments: kinds)
        func `the memory that was predicted is what a run takes`(_ settings: [String]) throws {
            let file = try folder.run(settings)
            let planned = try plan(file)
            #expect(planned.status == 0, "\(planned.errors)")
            let bytes = try #require(
                try JSONValue(parsing: planned.output)["memory"]?["peak_bytes"]?.integerValue)
            let trained = try MiphaProcess(["train", file, "--resume", "never"])
            #expect(trained.status == 0, "\(trained.errors)")
            let line = try #require(trained.errorLines.first { $0.hasPrefix("peak memory ") })
            let taken = try #require(
                line.split(separator: " ").dropFirst(2).first.flatMap { Double($0) })
            let error = Double(bytes) / (taken * 1e9) - 1
            #expect(abs(error) < 0.15, "\(settings): predicted \(bytes), \(line)")
        }
    #endif

    @Test func `a run that cannot fit ends with status 1 and says what would`() throws {
        let file = try folder.run(Self.kinds[1])
        let plan = try plan(file, ["--memory", "100"])
        let object = try JSONValue(parsing: plan.output)
        #expect(object["fits"] == true)
        let peak = try #require(object["memory"]?["peak_bytes"]?.integerValue)
        let gib = Double(peak) / 1_073_741_824 * 0.97
        let refused = try self.plan(file, ["--memory", "\(gib)"])
        #expect(refused.status == 1)
        #expect(refused.errorLines.count == 1)
        #expect(refused.errors.contains("--set gradient_checkpointing=true"), "\(refused.errors)")
        let proposals = try #require(
            try JSONValue(parsing: refused.output)["proposals"]?.arrayValue)
        #expect(!proposals.isEmpty)
        let none = try self.plan(file, ["--memory", "0.05"])
        #expect(none.status == 1)
        #expect(none.errors.contains("no smaller micro-batch fits"))
    }

    @Test func `a run is planned for a card that is not here`() throws {
        let file = try folder.run(Self.kinds[2])
        let planned = try plan(file, ["--device", "cuda", "--device-memory", "80"])
        #expect(planned.status == 0, "\(planned.errors)")
        let object = try JSONValue(parsing: planned.output)
        #expect(object["fits"] == true)
        #expect(object["memory"]?["device"] == "cuda:0")
        #expect(object["device_memory_limit"]?["bytes"]?.integerValue == 80 << 30)
        let peak = try #require(object["memory"]?["peak_bytes"]?.integerValue)
        let gib = Double(peak) / 1_073_741_824 * 0.99
        let refused = try plan(file, ["--device", "cuda", "--device-memory", "\(gib)"])
        #expect(refused.status == 1)
        #expect(refused.errors.contains("given by --device-memory"), "\(refused.errors)")
    }

    @Test func `a card of another machine keeps its number and needs its memory`() throws {
        let file = try folder.run(Self.kinds[2])
        let planned = try plan(file, ["--device", "cuda:100", "--device-memory", "80"])
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(
            try JSONValue(parsing: planned.output)["memory"]?["device"] == "cuda:100")
        let absent = try plan(file, ["--device", "cuda:100"])
        #expect(absent.status == 2 && absent.errors.contains("cuda:100"), "\(absent.errors)")
        for arguments in [["--device", "mps"], ["--device", "cpu"]] {
            let wrong = try plan(file, arguments + ["--device-memory", "8"])
            #expect(wrong.status == 2 && wrong.errors.contains("--memory is for main memory"))
        }
        #if !os(macOS)
            let apple = try plan(file, ["--device", "mps", "--memory", "100"])
            #expect(apple.status == 0, "\(apple.errors)")
            let memory = try #require(try JSONValue(parsing: apple.output)["memory"])
            let parts = ["peak_bytes", "host_bytes", "peak_bytes_here"].compactMap {
                memory[$0]?.integerValue
            }
            #expect(parts.count == 3 && parts[0] + parts[1] == parts[2])
        #endif
    }

    @Test(arguments: ["plan", "train"])
    func `one card is not for several processes`(_ command: String) throws {
        let file = try folder.run(Self.kinds[2])
        let refused = try MiphaProcess([
            command, file, "--device", "cuda:1", "--processes", "2",
        ])
        #expect(refused.status == 2)
        #expect(
            refused.errors.contains("device: cuda:1 is one card, and 2 processes"),
            "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.temporary.file("out")))
    }

    @Test(arguments: ["plan", "train"])
    func `a device that nobody knows is wrong usage`(_ command: String) throws {
        let file = try folder.run(Self.kinds[1])
        let refused = try MiphaProcess([command, file, "--device", "abacus:1"])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("abacus:1"), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.temporary.file("out")))
    }

    @Test func `a dry run prints the plan and makes no output folder`()
        throws
    {
        let file = try folder.run(Self.kinds[1])
        let run = try MiphaProcess(["train", file, "--dry-run"])
        #expect(run.status == 0, "\(run.errors)")
        for text in ["projector", "backward", "<- peak", "disk:", "2 updates"] {
            #expect(run.output.contains(text), "\(text)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.temporary.file("out")))
    }

    @Test func `the text names tokens, phases and a time`() throws {
        let file = try folder.run(Self.kinds[0])
        let run = try MiphaProcess(["plan", file])
        #expect(run.status == 0, "\(run.errors)")
        for text in ["tokens (counted", "forward", "optimizer", "time: about", "s an update"] {
            #expect(run.output.contains(text), "\(text)")
        }
    }

    @Test func `a memory that is not a number of GiB is wrong usage`() throws {
        let file = try folder.run(Self.kinds[0])
        #expect(try plan(file, ["--memory", "0"]).status == 2)
        #expect(try plan("/nowhere.yaml").status == 2)
    }
}
