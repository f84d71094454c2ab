import ArgumentParser
import MiphaTorch

/// The one place where the name of a device becomes a device.
enum DeviceChoice {
    /// The device that a user names.
    ///
    /// - Parameters:
    ///   - origin: the option or key that has the name, for messages.
    ///   - localRank: number of this process among those of a job on this machine, each of which
    ///     takes another device where the name leaves open which.
    ///   - processesHere: number of those processes.
    ///   - isDeterministic: whether the device is to take only kernels that give the same bits each
    ///     time.
    /// - Throws: `ValidationError` when there is no such device here, or when it is one card for
    ///   several processes.
    static func device(
        _ name: String, of origin: String, localRank: Int? = nil, processesHere: Int = 1,
        isDeterministic: Bool = false
    ) throws -> Device {
        try requireOneEach(name, of: origin, processesHere: processesHere)
        do {
            // Before a library of the device starts, which reads some of it then.
            if isDeterministic { try Engine.setDeterministic(true) }
            let device = try Device(parsing: name, localRank: localRank ?? 0)
            // The CPU's kernels do so as they are, and stay the same ones.
            if isDeterministic && !device.isAccelerator { try Engine.setDeterministic(false) }
            // What a library makes by itself is then not on another device.
            if device.isAccelerator { try device.makeCurrent() }
            return device
        } catch {
            throw ValidationError("\(origin): \(error.message)")
        }
    }

    /// Refuses a name that is that of one card, which processes do not share.
    ///
    /// - Throws: `ValidationError`.
    static func requireOneEach(
        _ name: String, of origin: String, processesHere: Int
    ) throws {
        guard processesHere > 1, name.hasPrefix("cuda:") else { return }
        throw ValidationError(
            "\(origin): \(name) is one card, and \(processesHere) processes run on this machine; "
                + "cuda gives each a card of its own, and CUDA_VISIBLE_DEVICES chooses among them")
    }
}
