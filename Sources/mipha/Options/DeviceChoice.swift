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
    /// - Throws: `ValidationError` when there is no such device here.
    static func device(
        _ name: String, of origin: String, localRank: Int? = nil
    ) throws -> Device {
        do {
            let device = try Device(parsing: name, localRank: localRank ?? 0)
            // What a library makes by itself is then not on another device.
            if device.isAccelerator { try device.makeCurrent() }
            return device
        } catch {
            throw ValidationError("\(origin): \(error.message)")
        }
    }
}
