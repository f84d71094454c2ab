import Dispatch
import Foundation
import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Synchronization
import Testing

/// Checkpoints whose parts several processes write in the background.
struct JointCheckpointsTests {
    /// What ends a part that cannot be written.
    private struct FullDisk: Error, CustomStringConvertible {
        let description = "the disk is full"
    }

    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
    }

    private static func checkpoints(
        _ group: ProcessGroup, in folder: String, spoiling: Set<Int> = [],
        complete: @escaping JointCheckpoints.Complete = { target, _ in try target.commit() }
    ) -> JointCheckpoints {
        JointCheckpoints(
            group,
            begin: { step in
                if spoiling.contains(step) { throw FullDisk() }
                return try AtomicDirectory(path: "\(folder)/\(step)", replacesExisting: true)
            },
            complete: complete)
    }

    /// The sums that every update makes.
    private static func update(_ joint: JointCheckpoints, _ group: ProcessGroup) throws {
        let sums = try group.reduce([joint.isWriting ? 1 : 0, joint.hasFailed ? 1 : 0])
        try joint.settle(isWriting: sums[0] > 0, hasFailed: sums[1] > 0)
    }

    private func names() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: temporary.file("out")).sorted()
    }

    @Test func `a checkpoint has no name before the last part is there`() throws {
        let folder = try temporary.folder("out")
        let seen = try inGroup(2) { group -> [Bool] in
            let rank = group.rank
            let joint = Self.checkpoints(group, in: folder)
            let gate = DispatchSemaphore(value: 0)
            try joint.begin(step: 1, best: nil, in: "\(folder)/1.partial") { path in
                if rank == 1 { gate.wait() }
                try AtomicFile.write("\(rank)", to: "\(path)/part-\(rank)")
            }
            var seen: [Bool] = []
            for _ in 0..<3 {
                try Self.update(joint, group)
                seen.append(FileManager.default.fileExists(atPath: "\(folder)/1"))
            }
            gate.signal()
            while joint.isWriting { Thread.sleep(forTimeInterval: 0.001) }
            try group.barrier()
            try Self.update(joint, group)
            joint.wait()
            try group.barrier()
            seen.append(FileManager.default.fileExists(atPath: "\(folder)/1"))
            return seen
        }
        #expect(seen == [[false, false, false, true], [false, false, false, true]])
        #expect(try names() == ["1", "1/part-0", "1/part-1"])
    }

    @Test(arguments: [0, 1], [false, true])
    func `a part that fails leaves no checkpoint and the next one is written`(
        victim: Int, waits: Bool
    ) throws {
        let folder = try temporary.folder("out")
        let failures = try inGroup(2) { group -> [String] in
            let rank = group.rank
            let joint = Self.checkpoints(group, in: folder)
            for step in 1...2 {
                try joint.begin(step: step, best: nil, in: "\(folder)/\(step).partial") { path in
                    if step == 1 && rank == victim { throw FullDisk() }
                    try AtomicFile.write("x", to: "\(path)/part-\(rank)")
                }
                if waits { try joint.finish() }
            }
            try joint.finish()
            return joint.takeFailures().map { "\($0.step): \($0.message)" }
        }
        #expect(failures == [["1: rank \(victim): the disk is full"], []])
        #expect(try names() == ["2", "2/part-0", "2/part-1"])
    }

    @Test func `a folder that cannot be made is a failure in all ranks`() throws {
        let folder = try temporary.folder("out")
        let failures = try inGroup(3) { group -> [String] in
            let rank = group.rank
            let joint = Self.checkpoints(group, in: folder, spoiling: [1])
            for step in 1...2 {
                try joint.begin(step: step, best: nil, in: "\(folder)/\(step).partial") { path in
                    try AtomicFile.write("x", to: "\(path)/part-\(rank)")
                }
            }
            try joint.finish()
            return joint.takeFailures().map { "\($0.step): \($0.message)" }
        }
        #expect(failures == [["1: the disk is full"], [], []])
        #expect(try names() == ["2", "2/part-0", "2/part-1", "2/part-2"])
    }

    @Test func `the end waits in all ranks until the folder has its name`() throws {
        let folder = try temporary.folder("out")
        let seen = try inGroup(3) { group -> Bool in
            let joint = Self.checkpoints(group, in: folder) { target, _ in
                Thread.sleep(forTimeInterval: 0.1)
                try target.commit()
            }
            try joint.begin(step: 1, best: nil, in: "\(folder)/1.partial") { _ in }
            try joint.finish()
            return FileManager.default.fileExists(atPath: "\(folder)/1")
        }
        #expect(seen == [true, true, true])
    }

    @Test func `a folder that gets no name is a failure, reported once`() throws {
        let folder = try temporary.folder("out")
        let failures = try inGroup(2) { group -> [String] in
            let joint = Self.checkpoints(group, in: folder) { _, _ in throw FullDisk() }
            try joint.begin(step: 1, best: nil, in: "\(folder)/1.partial") { _ in }
            try joint.finish()
            return (1...2).flatMap { call in
                joint.takeFailures().map { "\(call), \($0.step): \($0.message)" }
            }
        }
        #expect(failures == [["1, 1: the disk is full"], []])
        #expect(try names().isEmpty)
    }

    @Test func `the checkpoint to keep is the one named when writing began`() throws {
        let folder = try temporary.folder("out")
        let kept = Mutex<[Int?]>([])
        _ = try inGroup(2) { group in
            let joint = Self.checkpoints(group, in: folder) { target, best in
                kept.withLock { $0.append(best) }
                try target.commit()
            }
            for (step, best) in [(1, nil), (2, 1), (3, 2)] {
                try joint.begin(step: step, best: best, in: "\(folder)/\(step).partial") { _ in }
            }
            try joint.finish()
        }
        #expect(kept.withLock { $0 } == [nil, 1, 2])
        #expect(try names() == ["1", "2", "3"])
    }
}
