import Foundation
public import MiphaTorch

extension Device {
    /// The device that tests compute on: the one that `MIPHA_TEST_DEVICE` names, else the CPU.
    public static let underTest: Device = {
        guard let name = ProcessInfo.processInfo.environment["MIPHA_TEST_DEVICE"], !name.isEmpty
        else { return .cpu }
        do {
            return try Device(parsing: name)
        } catch {
            preconditionFailure("MIPHA_TEST_DEVICE: \(error)")
        }
    }()
}
