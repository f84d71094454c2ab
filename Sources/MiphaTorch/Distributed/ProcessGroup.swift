internal import CMiphaTorch

/// The processes of one job, for operations that all of them take part in.
///
/// Every process must start the same operations in the same order. An operation runs in the
/// background and works in place; nobody may touch its tensors until the returned work has been
/// waited for. A process that ends breaks the connections to it, so that operations of the others
/// fail at once; one that hangs makes them fail after the timeout. So that the broken connection
/// does not end this process too, `SIGPIPE` is ignored from the first group or store on, unless the
/// program handles it.
@safe
public final class ProcessGroup {
    /// The transport of tensors between processes.
    public enum Backend: Sendable {
        /// TCP, from main memory.
        case gloo
        /// NVIDIA's library for tensors on CUDA devices, and Gloo for all others.
        case nccl

        /// Whether this build can use it: Gloo always, NCCL with a CUDA libtorch and NCCL's header.
        public var isAvailable: Bool { self == .gloo || mt_nccl_is_available() }
    }

    /// The operation that combines elements.
    public enum Reduction: Sendable {
        /// Their sum.
        case sum
        /// The largest.
        case maximum
    }

    /// This process's place.
    public let environment: RankEnvironment
    private let handle: mt_group
    /// Where numbers and texts travel from: main memory, or nowhere in a rehearsal.
    private let place: Device

    /// Number of this process, from 0.
    public var rank: Int { environment.rank }
    /// Number of processes.
    public var worldSize: Int { environment.worldSize }

    /// Meets the other processes; returns when all are there.
    ///
    /// Tensors on a device travel by way of main memory, but for those on a CUDA device with
    /// ``Backend/nccl``.
    ///
    /// - Parameter device: this process's.
    /// - Throws: `TensorError` when they do not all arrive within the timeout.
    public init(
        _ environment: RankEnvironment, backend: Backend = .gloo, device: Device = .cpu
    ) throws(TensorError) {
        var result: mt_group?
        let status = unsafe environment.host.withCString { host in
            unsafe "/mipha/\(environment.attempt)".withCString { prefix in
                unsafe (environment.interface ?? "").withCString { interface in
                    unsafe mt_group_create(
                        mt_group_options(
                            backend: backend == .gloo ? MT_GLOO : MT_NCCL,
                            device: device.cValue,
                            rank: Int32(clamping: environment.rank),
                            world_size: Int32(clamping: environment.worldSize), host: host,
                            port: UInt16(clamping: environment.port),
                            is_server: environment.rank == 0 && !environment.usesLauncherStore,
                            prefix: prefix, interface_or_null: interface,
                            timeout_ms: Int64(environment.timeout * 1000)), &result)
                }
            }
        }
        let operation = Self.name("meeting", environment)
        do {
            try check(status, operation)
        } catch {
            throw Self.explained(error, environment)
        }
        guard let handle = unsafe result else {
            throw TensorError(.engine, operation: operation, message: "no group")
        }
        self.environment = environment
        place = .cpu
        unsafe self.handle = unsafe handle
    }

    /// A process alone with tensors on the meta device, which do not travel; reductions give zeros.
    package init(rehearsing environment: RankEnvironment) throws(TensorError) {
        var result: mt_group?
        let operation = Self.name("rehearsal", environment)
        try check(unsafe mt_group_rehearse(&result), operation)
        guard let handle = unsafe result else {
            throw TensorError(.engine, operation: operation, message: "no group")
        }
        self.environment = environment
        place = .meta
        unsafe self.handle = unsafe handle
    }

    deinit {
        unsafe mt_group_free(handle)
    }

    /// Replaces a tensor by its reduction over all processes.
    public func allReduce(
        _ tensor: Tensor, _ reduction: Reduction = .sum
    ) throws(TensorError) -> CollectiveWork {
        try start("all-reduce", [tensor]) {
            unsafe mt_group_all_reduce(
                handle, tensor.handle, reduction == .sum ? MT_REDUCE_SUM : MT_REDUCE_MAX, $0)
        }
    }

    /// Gives every process its part of everybody's tensor.
    ///
    /// Each process can then join the parts in an order of its choice, such as that of the ranks.
    ///
    /// - Parameters:
    ///   - input: `[worldSize * n]`; part `r` goes to rank `r`.
    ///   - output: `[worldSize * n]`; part `r` comes from rank `r`.
    public func allToAll(
        _ input: Tensor, into output: Tensor
    ) throws(TensorError) -> CollectiveWork {
        guard input.elementCount == output.elementCount, input.dtype == output.dtype,
            input.elementCount.isMultiple(of: worldSize)
        else {
            throw TensorError(
                .invalidArgument, operation: Self.name("all-to-all", environment),
                message: "\(input) and \(output) are not \(worldSize) equal parts each")
        }
        return try start("all-to-all", [input, output]) {
            unsafe mt_group_all_to_all(handle, output.handle, input.handle, $0)
        }
    }

    /// Joins the tensors of all processes in the order of their ranks.
    ///
    /// - Parameters:
    ///   - input: `[n]`; may be this process's part of `output`.
    ///   - output: `[worldSize * n]`.
    public func allGather(
        _ input: Tensor, into output: Tensor
    ) throws(TensorError) -> CollectiveWork {
        try requireParts(of: output, input, "all-gather")
        return try start("all-gather", [input, output]) {
            unsafe mt_group_all_gather(handle, output.handle, input.handle, $0)
        }
    }

    /// Replaces a tensor by that of one process.
    public func broadcast(_ tensor: Tensor, from root: Int) throws(TensorError) -> CollectiveWork {
        guard (0..<worldSize).contains(root) else {
            throw TensorError(
                .invalidArgument, operation: Self.name("broadcast", environment),
                message: "rank \(root) is out of range for \(worldSize) processes")
        }
        return try start("broadcast", [tensor]) {
            unsafe mt_group_broadcast(handle, tensor.handle, Int32(root), $0)
        }
    }

    /// Returns when all processes have arrived here.
    public func barrier() throws(TensorError) {
        let work = try start("barrier", []) { unsafe mt_group_barrier(handle, $0) }
        try work.wait()
    }

    /// Numbers reduced over all processes.
    public func reduce(
        _ values: [Double], _ reduction: Reduction = .sum
    ) throws(TensorError) -> [Double] {
        let tensor = try Tensor(values).to(device: place)
        try allReduce(tensor, reduction).wait()
        return try tensor.values()
    }

    /// Texts of all processes, in the order of ranks.
    public func gather(_ text: String) throws(TensorError) -> [String] {
        let bytes = Array(text.utf8)
        let lengths = try Tensor.zeros([worldSize], dtype: .int64, device: place)
        try allGather(Tensor([Int64(bytes.count)]).to(device: place), into: lengths).wait()
        let counts = try lengths.values(as: Double.self).map { Int($0) }
        let longest = counts.max() ?? 0
        guard longest > 0 else { return counts.map { _ in "" } }
        let padded = bytes + Array(repeating: 0, count: longest - bytes.count)
        let own = try Tensor.copying(padded, shape: [longest], dtype: .uint8).to(device: place)
        let all = try Tensor.zeros([longest * worldSize], dtype: .uint8, device: place)
        try allGather(own, into: all).wait()
        let joined = try all.bytes()
        return counts.enumerated().map { rank, count in
            String(decoding: joined[rank * longest..<rank * longest + count], as: UTF8.self)
        }
    }

    private func requireParts(
        of whole: Tensor, _ part: Tensor, _ operation: String
    ) throws(TensorError) {
        guard whole.elementCount == worldSize * part.elementCount, whole.dtype == part.dtype else {
            throw TensorError(
                .invalidArgument, operation: Self.name(operation, environment),
                message: "\(whole) is not \(worldSize) times \(part)")
        }
    }

    @safe
    private func start(
        _ operation: String, _ operands: [Tensor],
        _ body: (UnsafeMutablePointer<mt_work?>) -> mt_status
    ) throws(TensorError) -> CollectiveWork {
        var result: mt_work?
        do {
            try check(
                unsafe body(&result), Self.name(operation, environment), operands)
        } catch {
            throw Self.explained(error, environment)
        }
        guard let work = unsafe result else {
            throw TensorError(
                .engine, operation: Self.name(operation, environment), message: "no work")
        }
        return unsafe CollectiveWork(
            owning: work, operation: Self.name(operation, environment), environment)
    }

    private static func name(_ operation: String, _ environment: RankEnvironment) -> String {
        "rank \(environment.rank) of \(environment.worldSize): \(operation)"
    }

    /// Puts what probably happened before the engine's own words.
    static func explained(_ error: TensorError, _ environment: RankEnvironment) -> TensorError {
        let text = error.message.lowercased()
        let reason: String? =
            if ["closed by peer", "reset by peer", "broken pipe", "connection refused"]
                .contains(where: { text.contains($0) })
            {
                "another process of the job has ended"
            } else if text.contains("timed out") || text.contains("timeout") {
                "another process did not answer within \(Int(environment.timeout)) seconds"
            } else {
                nil
            }
        guard let reason else { return error }
        // The engine adds advice after the first sentence.
        let words = error.message.split(separator: ". This is").first ?? ""
        return TensorError(
            error.code, operation: error.operation, message: "\(reason) (\(words))")
    }
}

/// A collective operation that is under way.
@safe
public final class CollectiveWork {
    private let handle: mt_work
    private let operation: String
    private let environment: RankEnvironment
    private var isDone = false

    init(owning handle: mt_work, operation: String, _ environment: RankEnvironment) {
        unsafe self.handle = unsafe handle
        self.operation = operation
        self.environment = environment
    }

    deinit {
        unsafe mt_work_free(handle)
    }

    /// Blocks until the operation is done; later calls return at once.
    ///
    /// - Throws: `TensorError` naming rank and operation when another process has ended, or did not
    ///   take part within the timeout.
    public func wait() throws(TensorError) {
        guard !isDone else { return }
        do {
            try check(unsafe mt_work_wait(handle), operation)
        } catch {
            throw ProcessGroup.explained(error, environment)
        }
        isDone = true
    }
}
