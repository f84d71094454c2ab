import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Collective operations on tensors of the device under test, in a group without NCCL.
@Suite struct DeviceGroupTests {
    @Test func `tensors on a device travel as those on the CPU do`() throws {
        let store = try RendezvousStore()
        let port = store.port
        let results = try withExtendedLifetime(store) {
            try onRanks(2) { rank in
                try Self.exchange(
                    ProcessGroup(
                        RankEnvironment(
                            rank: rank, worldSize: 2, port: port, usesLauncherStore: true,
                            timeout: 20)))
            }
        }
        for (rank, result) in results.enumerated() {
            let part = Float(rank)
            #expect(result == [[1, 20], [1, 10], [part, 10 + part], [0, 10, 1, 10]])
        }
    }

    /// The results of a sum, a broadcast from rank 1, an all-to-all and a gathering.
    private static func exchange(_ group: ProcessGroup) throws -> [[Float]] {
        let device = Device.underTest
        func own() throws -> Tensor { try Tensor([Float(group.rank), 10], device: device) }
        let (sum, sent) = try (own(), own())
        let started = try group.allReduce(sum)
        try started.wait()
        try group.broadcast(sent, from: 1).wait()
        // To rank r goes r + 10 times the sender's number.
        let parts = try Tensor([0, 1].map { Float(10 * group.rank) + $0 }, device: device)
        let (exchanged, gathered) = try (
            Tensor.zeros([2], device: device), Tensor.zeros([4], device: device)
        )
        try group.allToAll(parts, into: exchanged).wait()
        try group.allGather(own(), into: gathered).wait()
        let all = [sum, sent, exchanged, gathered]
        for tensor in all { #expect(tensor.device == device) }
        return try all.map { try $0.values() }
    }
}
