internal import CMiphaPretend

/// A claim about the pretend device that only C++ can check.
public struct PretendProbe: Sendable, CustomStringConvertible {
    /// The claim.
    public let description: String
    private let index: Int

    /// All probes.
    public static let all = (0..<mp_probe_count()).map { index in
        PretendProbe(
            description: unsafe String(cString: mp_probe_name(index)), index: index)
    }

    private init(description: String, index: Int) {
        self.description = description
        self.index = index
    }

    /// What was found instead of what is claimed, or nil where the claim holds.
    public func run() -> String? { unsafe PretendDevice.taken(mp_probe_run(index)) }
}
