/// This process's place among the processes of a job, as a launcher states it.
///
/// The variables are those of `torchrun`: `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `LOCAL_WORLD_SIZE`,
/// `MASTER_ADDR` and `MASTER_PORT`; with `TORCHELASTIC_USE_AGENT_STORE=True` the launcher runs the
/// key-value store, else rank 0 does. `GLOO_SOCKET_IFNAME` chooses the network interface between
/// several machines.
public struct RankEnvironment: Sendable, Equatable {
    /// Number of this process, from 0.
    public var rank: Int
    /// Number of processes of the job.
    public var worldSize: Int
    /// Number of this process on its machine, from 0.
    public var localRank: Int
    /// Number of processes of the job on this machine; 1 where the launcher does not say.
    public var localWorldSize: Int
    /// Host of the key-value store over which the processes meet.
    public var host: String
    /// Port of the key-value store.
    public var port: Int
    /// Whether the launcher runs the store.
    public var usesLauncherStore: Bool
    /// The number of times that the launcher has started the job again.
    public var attempt: Int
    /// Network interface for connections between processes; `nil`: chosen by host name.
    public var interface: String?
    /// Seconds after which a waiting operation fails.
    public var timeout: Double

    /// Describes a process.
    public init(
        rank: Int, worldSize: Int, localRank: Int? = nil, localWorldSize: Int = 1,
        host: String = "127.0.0.1", port: Int,
        usesLauncherStore: Bool = false, attempt: Int = 0, interface: String? = nil,
        timeout: Double = 600
    ) {
        self.rank = rank
        self.worldSize = worldSize
        self.localRank = localRank ?? rank
        self.localWorldSize = localWorldSize
        self.host = host
        self.port = port
        self.usesLauncherStore = usesLauncherStore
        self.attempt = attempt
        self.interface = interface
        self.timeout = timeout
    }

    /// Reads a process's environment; `nil` when it names no rank, or a job of one process.
    ///
    /// `MIPHA_COLLECTIVE_TIMEOUT` sets the timeout in seconds (600).
    ///
    /// - Throws: `TensorError` naming the variable that is absent or wrong.
    public init?(_ environment: [String: String]) throws(TensorError) {
        guard environment["RANK"] != nil || environment["WORLD_SIZE"] != nil else { return nil }
        let world = try Self.number("WORLD_SIZE", in: 1...1_000_000, environment)
        let rank = try Self.number("RANK", in: 0...world - 1, environment)
        guard world > 1 else { return nil }
        guard let host = environment["MASTER_ADDR"], !host.isEmpty else {
            throw Self.failure("MASTER_ADDR", "the host of rank 0", nil)
        }
        let interface = environment["GLOO_SOCKET_IFNAME"] ?? ""
        self.init(
            rank: rank, worldSize: world,
            localRank: try environment["LOCAL_RANK"].map { _ throws(TensorError) in
                try Self.number("LOCAL_RANK", in: 0...rank, environment)
            },
            localWorldSize: try environment["LOCAL_WORLD_SIZE"].map { _ throws(TensorError) in
                try Self.number("LOCAL_WORLD_SIZE", in: 1...world, environment)
            } ?? 1, host: host, port: try Self.number("MASTER_PORT", in: 1...65535, environment),
            usesLauncherStore: environment["TORCHELASTIC_USE_AGENT_STORE"] == "True",
            attempt: try Self.restarts(environment), interface: interface.isEmpty ? nil : interface)
        if environment["MIPHA_COLLECTIVE_TIMEOUT"] != nil {
            timeout = Double(
                try Self.number("MIPHA_COLLECTIVE_TIMEOUT", in: 1...1_000_000, environment))
        }
    }

    /// The number of times that a launcher has started the job of this process again, even one of a
    /// single process.
    ///
    /// - Throws: `TensorError` when `TORCHELASTIC_RESTART_COUNT` is not a number.
    public static func restarts(_ environment: [String: String]) throws(TensorError) -> Int {
        guard environment["TORCHELASTIC_RESTART_COUNT"] != nil else { return 0 }
        return try number("TORCHELASTIC_RESTART_COUNT", in: 0...1_000_000, environment)
    }

    /// The launcher's name for the job of this process, the same at all its starts; `nil` where it
    /// does not say.
    public static func job(_ environment: [String: String]) -> String? {
        environment["TORCHELASTIC_RUN_ID"]
    }

    private static func number(
        _ name: String, in range: ClosedRange<Int>, _ environment: [String: String]
    ) throws(TensorError) -> Int {
        guard let text = environment[name], let value = Int(text), range.contains(value) else {
            throw failure(
                name, "a number from \(range.lowerBound) to \(range.upperBound)",
                environment[name])
        }
        return value
    }

    private static func failure(
        _ name: String, _ expected: String, _ found: String?
    ) -> TensorError {
        TensorError(
            .invalidArgument, operation: "environment of a job of several processes",
            message: "\(name): expected \(expected), found "
                + (found.map { "\"\($0)\"" } ?? "nothing")
                + "; start with mipha train --processes N, or torchrun --no-python")
    }
}
