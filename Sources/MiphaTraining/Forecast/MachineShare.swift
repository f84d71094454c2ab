import MiphaFolders
import MiphaTorch

/// What the processes of a run on one machine take together.
struct MachineShare {
    /// Where each process's model is.
    let device: Device
    /// The number of the processes.
    let processes: Int

    /// Whether what they take is main memory, of the device too.
    var takesMainMemory: Bool { device == .cpu || device.sharesMainMemory }

    /// Processes that share what a prediction is about: main memory, or a device of one process.
    var sharers: Int { takesMainMemory ? processes : 1 }

    /// Bytes that these processes take at most, since none takes more than the first: of a device that
    /// shares main memory with what is beside the tensors.
    func bytes(_ memory: MemoryPlan) -> Int {
        (memory.peak.bytes + (device.sharesMainMemory ? memory.hostBytes ?? 0 : 0)) * sharers
    }

    /// What ``bytes(_:)`` have to fit into.
    ///
    /// - Parameters:
    ///   - machine: main memory, if known.
    ///   - own: the memory of the device, if it has one and that is known.
    func limit(_ machine: MachineMemory?, device own: MachineMemory?) -> MachineMemory? {
        takesMainMemory ? machine ?? own : own
    }
}
