import Foundation
public import MiphaTorch

extension Device {
    /// Whether results in float64 are refused there.
    public var lacksFloat64: Bool {
        PretendDevice.all.contains(self) && PretendDevice.isSet(.withoutFloat64)
    }

    /// The device of tests that can run on any: the CPU, or what `MIPHA_TEST_DEVICE` names.
    ///
    /// A pretend device is hostile from then on, and lacks float64 where `MIPHA_TEST_NO_FLOAT64` is 1.
    public static let underTest: Device = {
        let environment = ProcessInfo.processInfo.environment
        guard let name = environment["MIPHA_TEST_DEVICE"], !name.isEmpty else { return .cpu }
        do {
            let device = try Device(parsing: name)
            if PretendDevice.all.contains(device) {
                PretendDevice.set(.hostile, true)
                PretendDevice.set(.withoutFloat64, environment["MIPHA_TEST_NO_FLOAT64"] == "1")
            }
            return device
        } catch {
            fatalError("MIPHA_TEST_DEVICE: \(error)")
        }
    }()
}
