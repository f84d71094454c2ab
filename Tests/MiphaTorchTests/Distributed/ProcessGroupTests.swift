import Foundation
import MiphaTestSupport
import MiphaTorch
import Testing

/// Runs `body` in a group of ranks, one thread each.
private func inGroup<Result: Sendable>(
    _ count: Int, timeout: Double = 20,
    _ body: @escaping @Sendable (ProcessGroup) throws -> Result
) throws -> [Result] {
    let store = try RendezvousStore()
    let port = store.port
    return try withExtendedLifetime(store) {
        try onRanks(count) { rank in
            try body(
                ProcessGroup(
                    RankEnvironment(
                        rank: rank, worldSize: count, port: port, usesLauncherStore: true,
                        timeout: timeout)))
        }
    }
}

struct ProcessGroupTests {
    @Test(arguments: [2, 3])
    func `all-reduce gives every rank the sum and the maximum`(world: Int) throws {
        let results = try inGroup(world) { group in
            let values = [Float(group.rank), 10, -Float(group.rank)]
            let sum = try Tensor(values)
            let maximum = try Tensor(values)
            let first = try group.allReduce(sum)
            let second = try group.allReduce(maximum, .maximum)
            try first.wait()
            try second.wait()
            return [try sum.values(as: Float.self), try maximum.values(as: Float.self)]
        }
        let total = Float(world * (world - 1) / 2)
        for result in results {
            #expect(result[0] == [total, Float(10 * world), -total])
            #expect(result[1] == [Float(world - 1), 10, 0])
        }
    }

    @Test(arguments: [2, 3])
    func `all-to-all gives each rank its part from everybody`(world: Int) throws {
        let results = try inGroup(world) { group in
            let values = (0..<2 * world).map { place -> Float in Float(100 * group.rank + place) }
            let input = try Tensor(values)
            let output = try Tensor.zeros([2 * world])
            try group.allToAll(input, into: output).wait()
            return try output.values(as: Float.self)
        }
        for (rank, result) in results.enumerated() {
            let expected = (0..<world).flatMap { sender -> [Float] in
                let first = 100 * sender + 2 * rank
                return [Float(first), Float(first + 1)]
            }
            #expect(result == expected)
        }
    }

    @Test func `texts of any length are gathered in the order of ranks`() throws {
        let texts = ["", "two pictures of a caf\u{e9}", "x"]
        let results = try inGroup(3) { group in
            [try group.gather(texts[group.rank]), try group.gather("")]
        }
        #expect(results.allSatisfy { $0 == [texts, ["", "", ""]] })
    }

    @Test(.enabled(if: !ProcessGroup.Backend.nccl.isAvailable))
    func `a build without NCCL says what it needs`() throws {
        let store = try RendezvousStore()
        let error = try #require(throws: TensorError.self) {
            _ = try ProcessGroup(
                RankEnvironment(
                    rank: 0, worldSize: 2, port: store.port, usesLauncherStore: true, timeout: 60),
                backend: .nccl)
        }
        withExtendedLifetime(store) {}
        #expect(error.description.contains("this build has no NCCL; it needs a CUDA libtorch"))
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `all-gather joins the parts in the order of ranks`(dtype: DType) throws {
        let results = try inGroup(3) { group in
            let input = try Tensor([Float(group.rank), 0.5]).to(dtype: dtype)
            let output = try Tensor.zeros([6], dtype: dtype)
            try group.allGather(input, into: output).wait()
            return try output.values(as: Float.self)
        }
        #expect(results == Array(repeating: [0, 0.5, 1, 0.5, 2, 0.5], count: 3))
    }

    @Test func `broadcast and barrier work and numbers are summed`() throws {
        let results = try inGroup(2) { group in
            let tensor = try Tensor([Int64(group.rank), 7])
            try group.broadcast(tensor, from: 1).wait()
            try group.barrier()
            return try tensor.values(as: Double.self)
                + group.reduce([Double(group.rank + 1), 0.25])
        }
        #expect(results == [[1, 7, 3, 0.5], [1, 7, 3, 0.5]])
    }

    @Test func `a group that rehearses takes tensors on the meta device only`() throws {
        let group = try ProcessGroup(
            rehearsing: RankEnvironment(rank: 0, worldSize: 2, port: 0))
        func tensor(_ count: Int, _ device: Device) throws -> Tensor {
            try Tensor.zeros([count], device: device)
        }
        try group.barrier()
        try group.allReduce(tensor(4, .meta)).wait()
        try group.broadcast(tensor(4, .meta), from: 1).wait()
        try group.allToAll(tensor(4, .meta), into: tensor(4, .meta)).wait()
        try group.allGather(tensor(2, .meta), into: tensor(4, .meta)).wait()
        for error in try [
            expectFailure { _ = try group.allReduce(tensor(4, .cpu)) },
            expectFailure { _ = try group.broadcast(tensor(4, .cpu), from: 1) },
            expectFailure { _ = try group.allToAll(tensor(4, .cpu), into: tensor(4, .meta)) },
            expectFailure { _ = try group.allGather(tensor(2, .meta), into: tensor(4, .cpu)) },
        ] {
            #expect(error.description.contains("takes tensors on the meta device only"))
        }
    }

    @Test func `a group whose tensors travel refuses those on the meta device`() throws {
        let errors = try inGroup(2) { group in
            let (part, whole) = try (
                Tensor.zeros([2], device: .meta), Tensor.zeros([4], device: .meta)
            )
            let errors = try [
                expectFailure { _ = try group.allReduce(whole) },
                expectFailure { _ = try group.broadcast(whole, from: 0) },
                expectFailure { _ = try group.allToAll(whole, into: whole) },
                expectFailure { _ = try group.allGather(part, into: whole) },
            ]
            try group.barrier()
            return errors.map(\.description)
        }
        for error in errors.joined() { #expect(error.contains("have nothing to send"), "\(error)") }
    }

    @Test func `operations in flight together keep their results apart`() throws {
        let results = try inGroup(2) { group in
            let tensors = try (0..<32).map { try Tensor.full([1000], Double($0 + group.rank)) }
            let work = try tensors.map { try group.allReduce($0) }
            for work in work.reversed() { try work.wait() }
            return try tensors.map { try $0.values(as: Float.self)[999] }
        }
        let expected: [Float] = (0..<32).map { index in Float(2 * index + 1) }
        #expect(results[0] == expected)
        #expect(results[0] == results[1])
    }

    @Test func `gathers under way together and in place keep their parts apart`() throws {
        let results = try inGroup(3) { group in
            let wholes = try (0..<32).map { try Tensor.full([3 * (1 + $0)], -1) }
            let work = try wholes.enumerated().map { index, whole in
                let own = try whole.narrowed(
                    0, from: group.rank * (1 + index), length: 1 + index)
                try own.assign(.full([1 + index], Double(10 * index + group.rank)))
                return try group.allGather(own, into: whole)
            }
            for work in work.reversed() { try work.wait() }
            try group.allGather(.zeros([0]), into: .zeros([0])).wait()
            return try wholes.map { try $0.values(as: Float.self) }
        }
        for (index, values) in results[0].enumerated() {
            let expected = (0..<3).flatMap { rank in
                [Float](repeating: Float(10 * index + rank), count: 1 + index)
            }
            #expect(values == expected)
        }
        #expect(results[1] == results[0] && results[2] == results[0])
    }

    /// Something that needs all ranks.
    private static func work(_ name: String, _ group: ProcessGroup) throws -> CollectiveWork {
        let whole = 100 * group.worldSize
        return switch name {
        case "all-gather": try group.allGather(.zeros([100]), into: .zeros([whole]))
        case "all-to-all": try group.allToAll(.zeros([whole]), into: .zeros([whole]))
        default: try group.allReduce(.zeros([100]))
        }
    }

    @Test(arguments: ["all-reduce", "all-to-all", "all-gather"])
    func `a rank that leaves fails the others at once`(name: String) throws {
        let clock = ContinuousClock()
        let began = clock.now
        let errors = try inGroup(3, timeout: 60) { group -> String in
            try group.barrier()
            if group.rank == 1 { return "" }
            do {
                try Self.work(name, group).wait()
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(clock.now - began < .seconds(50))
        for rank in [0, 2] {
            #expect(errors[rank].hasPrefix("rank \(rank) of 3: \(name): "), "\(errors[rank])")
            #expect(errors[rank].contains("another process of the job has ended"))
        }
    }

    @Test(arguments: ["all-reduce", "all-to-all", "all-gather"])
    func `a rank that hangs fails the others after the timeout`(name: String) throws {
        let hasFailed = DispatchSemaphore(value: 0)
        let errors = try inGroup(2, timeout: 8) { group -> String in
            try group.barrier()
            if group.rank == 1 {
                hasFailed.wait()
                return ""
            }
            defer { hasFailed.signal() }
            do {
                try Self.work(name, group).wait()
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(errors[0].contains("did not answer within 8 seconds"), "\(errors[0])")
    }

    @Test func `writing to a process that has ended is an error and no signal`() throws {
        let store = try RendezvousStore()
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        #expect(throws: (any Error).self) {
            try pipe.fileHandleForWriting.write(contentsOf: Data([1]))
        }
        withExtendedLifetime(store) {}
    }

    @Test func `a job that is not complete fails to meet`() throws {
        let store = try RendezvousStore()
        let error = try #require(throws: TensorError.self) {
            _ = try ProcessGroup(
                RankEnvironment(
                    rank: 0, worldSize: 2, port: store.port, usesLauncherStore: true, timeout: 1))
        }
        withExtendedLifetime(store) {}
        #expect(error.description.hasPrefix("rank 0 of 2: meeting: "), "\(error)")
    }

    @Test func `wrong sizes are refused before anybody waits`() throws {
        let messages = try inGroup(2) { group -> [String] in
            var messages: [String] = []
            do {
                _ = try group.allGather(.zeros([3]), into: .zeros([7]))
            } catch { messages.append("\(error)") }
            do {
                _ = try group.allToAll(.zeros([8]), into: .zeros([8], dtype: .bfloat16))
            } catch { messages.append("\(error)") }
            do {
                _ = try group.allToAll(.zeros([7]), into: .zeros([7]))
            } catch { messages.append("\(error)") }
            do {
                _ = try group.allReduce(.zeros([4, 4]).transposed(0, 1))
            } catch { messages.append("\(error)") }
            do {
                _ = try group.broadcast(.zeros([4]), from: 2)
            } catch { messages.append("\(error)") }
            return messages
        }
        #expect(messages[0].count == 5)
        #expect(messages[0][0].contains("float32[7] is not 2 times float32[3]"))
    }
}

struct RankEnvironmentTests {
    private let complete = [
        "RANK": "1", "WORLD_SIZE": "3", "LOCAL_RANK": "1", "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "29500",
    ]

    @Test func `the variables of torchrun are read`() throws {
        let found = try RankEnvironment(
            complete.merging([
                "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "2",
                "GLOO_SOCKET_IFNAME": "eth0", "MIPHA_COLLECTIVE_TIMEOUT": "30",
            ]) { $1 })
        #expect(
            found
                == RankEnvironment(
                    rank: 1, worldSize: 3, localRank: 1, host: "10.0.0.1", port: 29500,
                    usesLauncherStore: true, attempt: 2, interface: "eth0", timeout: 30))
    }

    @Test func `no rank or a world of one means a process alone`() throws {
        #expect(try RankEnvironment([:]) == nil)
        #expect(try RankEnvironment(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
    }

    @Test(arguments: [
        ("RANK", "3"), ("RANK", "x"), ("WORLD_SIZE", "0"), ("MASTER_PORT", "70000"),
        ("MASTER_ADDR", ""), ("LOCAL_RANK", "-1"), ("MIPHA_COLLECTIVE_TIMEOUT", "0"),
    ])
    func `a wrong variable is named`(name: String, value: String) throws {
        let error = try #require(throws: TensorError.self) {
            _ = try RankEnvironment(complete.merging([name: value]) { $1 })
        }
        #expect(error.description.contains("\(name): expected"), "\(error)")
        for required in ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"] {
            var environment = complete
            environment[required] = nil
            #expect(throws: TensorError.self) { _ = try RankEnvironment(environment) }
        }
    }
}

struct StorageTests {
    @Test func `views see the elements written after their storage was made again`() throws {
        let whole = try Tensor([Float](arrayLiteral: 1, 2, 3, 4))
        let parameter = try Tensor.zeros([2])
        try parameter.setRequiresGradient(true)
        try TensorStorage(of: parameter).replace(with: whole.narrowed(0, from: 2, length: 2))
        #expect(try parameter.values(as: Float.self) == [3, 4])
        #expect(parameter.requiresGradient)
        try TensorStorage(of: whole).setAllocated(false)
        #expect(parameter.shape == [2])
        try TensorStorage(of: whole).setAllocated(true)
        try whole.assign(Tensor([Float](arrayLiteral: 5, 6, 7, 8)))
        #expect(try parameter.values(as: Float.self) == [7, 8])
    }

    @Test func `a view cannot drop the storage it shares`() throws {
        let whole = try Tensor.zeros([4])
        #expect(throws: TensorError.self) {
            try TensorStorage(of: whole.narrowed(0, from: 1, length: 2)).setAllocated(false)
        }
    }
}
