import Foundation
import MiphaFiles
import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs that know of devices; those that need one besides the CPU run where `MIPHA_TEST_DEVICE` names it.
@Suite struct DeviceRunTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun(dropout: 0.1)
    }

    private func train(
        _ run: RunConfiguration, on device: Device, stoppingAfter limit: Int? = nil
    ) throws -> [Double] {
        var losses: [Double] = []
        _ = try Trainer(run, on: device).train(
            shouldStop: { limit.map { losses.count >= $0 } ?? false },
            report: { losses.append($0.loss) })
        return losses
    }

    private func incidents() throws -> [String?] {
        let path = "\(tiny.run.outputFolder)/incidents.jsonl"
        guard FileSystem.kind(path) == .file else { return [] }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map { try JSONValue(parsing: String($0))["kind"]?.stringValue }
    }

    @Test func `a run goes on on the device where it was without a word`() throws {
        _ = try train(tiny.run, on: .underTest, stoppingAfter: 2)
        #expect(try train(tiny.run, on: .underTest).count == 4)
        #expect(try incidents().isEmpty)
    }

    @Test(
        .enabled(if: Device.underTest.isAccelerator),
        arguments: [(Device.cpu, Device.underTest), (.underTest, .cpu)])
    func `a run goes on on another device and says so`(
        from first: Device, to second: Device
    ) throws {
        let losses = try train(tiny.run, on: first, stoppingAfter: 2)
        let rest = try train(tiny.run, on: second)
        #expect((losses + rest).allSatisfy(\.isFinite) && rest.count == 4)
        #expect(try incidents() == ["device_changed"])
        let told = try String(
            contentsOfFile: "\(tiny.run.outputFolder)/incidents.jsonl", encoding: .utf8)
        #expect(told.contains("dropout masks come from a new seed"))
        let starts = try JSONValue(contentsOf: "\(tiny.run.outputFolder)/environment.json")
        #expect(
            starts["starts"]?.arrayValue?.map { $0["device"]?.stringValue }
                == [first.description, second.description])
    }

    @Test(.enabled(if: Device.underTest.isAccelerator), arguments: [false, true])
    func `a change of the device says nothing about dropout where there is none`(
        _ isPreference: Bool
    ) throws {
        let still = isPreference ? tiny : try TinyRun(samples: 4)
        let run = isPreference ? try tiny.preference("pairs") : still.run
        _ = try train(run, on: .cpu, stoppingAfter: 2)
        let trainer = try Trainer(run, on: .underTest)
        #expect(trainer.incidents.map(\.kind) == [.deviceChanged])
        #expect(trainer.incidents.allSatisfy { !$0.message.contains("dropout") })
        withExtendedLifetime(still) {}
    }

    @Test(.enabled(if: Device.underTest.isAccelerator), arguments: [DType.float32, .bfloat16])
    func `losses on a device are those of the CPU`(_ dtype: DType) throws {
        let tiny = try TinyRun()
        defer { withExtendedLifetime(tiny) {} }
        let still = tiny.with { $0.dtype = dtype }
        let here = try train(still, on: .cpu)
        let there = try train(
            still.with { $0.outputFolder += "-device" }, on: .underTest)
        let tolerance = dtype == .float32 ? 1e-5 : 3e-3
        for (one, other) in zip(here, there) {
            #expect(abs(one - other) <= tolerance * abs(one), "\(one) \(other)")
        }
    }

    @Test func `masters and moments are where the parameter is, wherever they were read`() throws {
        let parameter = try Tensor([1, -2.5, 3] as [Float], device: .underTest).to(dtype: .bfloat16)
        try parameter.setRequiresGradient(true)
        let optimizer = try AdamW(
            parameters: [("weight", parameter)], wholeMasters: true,
            masters: { _ in try Tensor([1.001, -2.501, 3.001] as [Float]) })
        #expect(optimizer.state.allSatisfy { $0.tensor.device == .underTest })
        let saved = try optimizer.state.map { ($0.name, try $0.tensor.to(device: .cpu)) }
        let found = Dictionary(uniqueKeysWithValues: saved)
        try optimizer.restore { name in try #require(found[name]) }
        let masters = try optimizer.weights()[0].tensor
        #expect(masters.device == .underTest && masters.dtype == .float32)
        #expect(try masters.values(as: Float.self) == [1.001, -2.501, 3.001])
    }

    @Test func `the loss of a pass stays where the model is`() throws {
        let model = try TinyModel(dropout: 0)
        try model.model.store.train { _ in true }
        let batch = try model.batch(answers: [2, 3], pictures: true)
        let loss = try #require(
            try SegmentedBackward().run(model.model.lossChain(batch, dropout: nil), scale: 1))
        #expect(loss.device == .underTest && !loss.requiresGradient)
        _ = try model.takeGradients()
        let value = try SegmentedBackward()(
            model.model.lossChain(batch, dropout: nil), scale: 1)
        #expect(try loss.item() == value)
        let nothing = try model.batch(answers: [0], pictures: false)
        let none = try SegmentedBackward().run(
            model.model.lossChain(nothing, dropout: nil), scale: 1)
        #expect(none.map(\.elementCount) == nil)
    }

    @Test func `images that were sent ahead are those of the batch`() throws {
        let model = try TinyModel(dropout: 0)
        let batch = try model.batch(answers: [2, 3], pictures: true)
        var sent = batch
        try sent.send(to: .underTest)
        // What is queued after it is not part of the copy.
        try batch.pixels?.assign(Tensor.full([2, 3, 14, 14], 7))
        let other = try model.batch(answers: [2, 3], pictures: true)
        let values = try [sent, other, batch].map {
            try model.model.logits($0).values(as: Float.self)
        }
        #expect(values[1] != values[2])
        #expect(values[0] == (Device.underTest.isAccelerator ? values[1] : values[2]))
    }

    @Test func `a device is no part of what a run is`() throws {
        _ = try train(tiny.run.with { $0.device = "cpu" }, on: .underTest, stoppingAfter: 2)
        #expect(try train(tiny.run.with { $0.device = "auto" }, on: .underTest).count == 4)
    }

    @Test(arguments: ["abacus", "cuda:", "cuda:x", "cpu:", "", "CUDA"])
    func `a run file names devices as the command line does`(_ name: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("run.yaml")
        try AtomicFile.write(
            "model: m\noutput_dir: o\nstage: align\ndata_path: d\n", to: path)
        for known in ["auto", "cpu", "cuda", "cuda:3", "mps", "pretend:1"] {
            let run = try RunConfiguration(
                contentsOf: path, overrides: ["device=\(known)"])
            #expect(run.device == known)
        }
        let error = try #require(throws: (any Error).self) {
            try RunConfiguration(contentsOf: path, overrides: ["device='\(name)'"])
        }
        #expect("\(error)".contains("device: expected auto, cpu, cuda, cuda:N or mps"), "\(error)")
    }
}

/// Plans of runs on a device that is not here.
@Suite struct DevicePlanTests {
    private let tiny: TinyRun
    private let card = Device.cuda(0)

    init() throws {
        tiny = try TinyRun()
    }

    private func plan(
        _ device: Device, world: Int = 1, _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunPlan {
        try RunPlan(tiny.with(change), on: device, world: world, base: 0)
    }

    @Test func `a device holds tensors, and main memory the copies of checkpoints`() throws {
        let (here, there) = (try plan(.cpu), try plan(card))
        #expect(here.memory.hostBytes == nil)
        let host = try #require(there.memory.hostBytes)
        func bytes(_ name: String, _ plan: RunPlan) -> Int {
            plan.memory.parts.first { $0.name == name }?.bytes ?? 0
        }
        for name in ["weights", "moments", "gradients", "activations"] {
            #expect(bytes(name, here) > 0 && bytes(name, there) == bytes(name, here), "\(name)")
        }
        #expect(bytes("samples prepared ahead", there) == 0)
        let without = try plan(card) { $0.savesInBackground = false }
        #expect(without.memory.peak.bytes == there.memory.peak.bytes)
        let state = bytes("weights", there) + bytes("moments", there)
        let pinned = there.memory.pinnedBytes - without.memory.pinnedBytes
        let copied = host - (try #require(without.memory.hostBytes)) - pinned
        #expect(copied > state / 2 && copied <= state)
        // Two pieces, in which the largest tensor of the state fits.
        #expect(pinned > 0 && pinned < host - copied)
        #expect(here.memory.pinnedBytes == 0)
    }

    @Test func `a device that has main memory is held against the machine with what is beside`()
        throws
    {
        let plan = try plan(.mps)
        let (peak, host) = (plan.memory.peak.bytes, try #require(plan.memory.hostBytes))
        #expect(plan.memory.pinnedBytes == 0 && plan.peakBytesHere == peak + host)
        func memory(_ bytes: Int) -> MachineMemory {
            MachineMemory(available: bytes, source: "given by a test")
        }
        try plan.requireFit(memory(peak + host))
        // Where only the device says what is free.
        try plan.requireFit(nil, device: memory(peak + host))
        for (machine, own) in [(memory(peak + host - 1), nil), (nil, memory(peak + host - 1))] {
            let full = try #require(throws: TrainingError.self) {
                try plan.requireFit(machine, device: own)
            }
            #expect("\(full)".contains("beside the tensors"), "\(full)")
            let report = RunPlanReport(plan, machine: machine, device: own)
            #expect(try report.json()["fits"] == false)
            #expect(report.lines.contains { $0.hasPrefix("together, since the memory of mps") })
        }
        let proposals = try plan.proposals(limit: peak + host)
        #expect(
            proposals.allSatisfy {
                $0.memory.peak.bytes + ($0.memory.hostBytes ?? 0) <= peak + host
            })
    }

    @Test func `masters in lower precision are whole on a device`() throws {
        func masters(_ device: Device) throws -> Int {
            try plan(device) { $0.dtype = .bfloat16 }.memory.parts
                .first { $0.name == "master weights" }?.bytes ?? 0
        }
        #expect(try masters(card) == 2 * masters(.cpu))
        let disk = try [Device.cpu, card].map { device in
            try plan(device) { $0.dtype = .bfloat16 }.disk.checkpointBytes
        }
        #expect(try disk[1] - disk[0] == masters(.cpu))
    }

    @Test func `memory of device and machine are checked by themselves`() throws {
        let plan = try plan(card, world: 2)
        let (peak, host) = (plan.memory.peak.bytes, try #require(plan.memory.hostBytes))
        func memory(_ bytes: Int) -> MachineMemory {
            MachineMemory(available: bytes, source: "given by a test")
        }
        // Each process has a device of its own, and both share main memory.
        try plan.requireFit(memory(2 * host), device: memory(peak))
        try plan.requireFit(memory(2 * host), device: nil)
        let full = try #require(throws: TrainingError.self) {
            try plan.requireFit(memory(2 * host), device: memory(peak - 1))
        }
        #expect("\(full)".contains("the run would take"), "\(full)")
        let short = try #require(throws: TrainingError.self) {
            try plan.requireFit(memory(2 * host - 1), device: memory(peak))
        }
        #expect("\(short)".contains("main memory"), "\(short)")
        for (device, fits) in [(peak, true), (peak - 1, false)] {
            let report = try RunPlanReport(
                plan, machine: memory(2 * host), device: memory(device)
            ).json()
            #expect(report["fits"] == .bool(fits))
            #expect(report["device_memory_limit"]?["bytes"]?.integerValue == device)
            #expect(report["memory"]?["device"] == "cuda:0")
            #expect(report["memory"]?["host_bytes_here"]?.integerValue == 2 * host)
        }
        let lines = RunPlanReport(plan, machine: memory(host), device: memory(peak)).lines
        #expect(lines.contains("memory of one process on cuda:0, predicted:"))
        #expect(lines.contains { $0.hasPrefix("main memory of one process: ") })
    }

    @Test func `moments in 8 bits are smaller on a device too`() throws {
        func moments(_ format: MomentFormat) throws -> Int {
            try plan(card) { $0.moments = format }.memory.parts
                .first { $0.name == "moments" }?.bytes ?? 0
        }
        #expect(try moments(.eightBit) < moments(.float32))
        let settings = try plan(card).proposals(limit: .max).flatMap(\.settings)
        #expect(settings.contains("gradient_checkpointing=true"))
        #expect(!settings.contains { $0.hasPrefix("background_saves") })
    }
}
