internal import CMiphaTorch

/// The device that holds a tensor's elements.
public enum Device: Sendable, Hashable, CustomStringConvertible {
    /// Main memory.
    case cpu
    /// An NVIDIA GPU by index.
    case cuda(Int)
    /// The Apple GPU.
    case mps
    /// Nowhere: shape and dtype only, for dry runs.
    case meta
    /// A device by index that another library registers with libtorch as PrivateUse1.
    case privateUse(Int)

    /// Reads `cpu`, `cuda`, `cuda:1`, `mps`, `privateuseone`, the name that is registered for it, or
    /// `auto` for the best device that is present.
    ///
    /// - Parameter localRank: number of this process on its machine; its device where the text names
    ///   a kind of which there are several.
    /// - Throws: `TensorError` for other texts, and for a device that is not there.
    public init(parsing text: String, localRank: Int = 0) throws(TensorError) {
        guard let device = try Self.named(text, localRank: localRank) else {
            self = try Self.best(localRank: localRank)
            return
        }
        try device.requirePresence(text)
        self = device
    }

    /// The device that a text names, whether or not it is here; `nil` for `auto`.
    ///
    /// - Parameter localRank: as of ``init(parsing:localRank:)``.
    /// - Throws: `TensorError` for texts that name none.
    public static func named(
        _ text: String, localRank: Int = 0
    ) throws(TensorError) -> Device? {
        if text == "auto" { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.count > 1 ? Int(parts[1]).flatMap { $0 < 128 ? $0 : nil } : localRank
        guard let number, number >= 0, parts.count == 1 || parts[1].allSatisfy(\.isNumber) else {
            throw Self.unknown(text)
        }
        let name = String(parts[0])
        switch name {
        case "cpu" where parts.count == 1: return .cpu
        case "mps" where parts.count == 1: return .mps
        case "cuda": return .cuda(number)
        case "privateuseone", Self.privateUseName: return .privateUse(number)
        default: throw Self.unknown(text)
        }
    }

    /// The best device that is present: CUDA, else the Apple GPU, else the CPU.
    ///
    /// - Parameter localRank: number of this process on its machine, which has a CUDA device of its own.
    /// - Throws: `TensorError` when there are fewer CUDA devices than that.
    public static func best(localRank: Int = 0) throws(TensorError) -> Device {
        if Self.cuda(0).count > 0 {
            try Self.cuda(localRank).requirePresence("auto")
            return .cuda(localRank)
        }
        return Self.mps.count > 0 ? .mps : .cpu
    }

    /// Number of devices of this device's kind that the process sees; the CPU is one.
    public var count: Int { Int(mt_device_count(cValue.kind)) }

    /// Whether the device is there.
    public var isAvailable: Bool {
        switch self {
        case .cpu, .meta: true
        case .mps: count > 0
        case .cuda(let index), .privateUse(let index): (0..<count).contains(index)
        }
    }

    /// Whether elements lie in memory of their own, which the host cannot read directly.
    public var isAccelerator: Bool { self != .cpu && self != .meta }

    /// The device in the notation of the command line.
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        case .mps: "mps"
        case .meta: "meta"
        case .privateUse(let index): "\(Self.privateUseName):\(index)"
        }
    }

    /// Waits until all work queued on the device is done.
    public func synchronize() throws(TensorError) {
        try check(mt_synchronize(cValue), "synchronize")
    }

    /// Makes this the device that libraries take on the calling thread where none is named.
    public func makeCurrent() throws(TensorError) {
        try check(mt_set_current_device(cValue), "choose \(self)")
    }

    private static var privateUseName: String { unsafe String(cString: mt_private_use_name()) }

    private static func unknown(_ text: String) -> TensorError {
        let name = privateUseName
        return TensorError(
            .invalidArgument, operation: "device",
            message: "unknown device \"\(text)\"; known: auto, cpu, cuda, cuda:N, mps"
                + (name == "privateuseone" ? "" : ", \(name), \(name):N"))
    }

    private func requirePresence(_ text: String) throws(TensorError) {
        guard !isAvailable else { return }
        let number = count
        let reason =
            switch self {
            case .cuda where number == 0:
                "there is no CUDA device: " + (unsafe String(cString: mt_cuda_absence()))
            case .mps: "this libtorch sees no Apple GPU"
            default: "\(self) is not there: the process sees \(number) of its kind"
            }
        throw TensorError(
            .invalidArgument, operation: "device", message: "\(text) was asked for, but \(reason)")
    }

    var cValue: mt_device {
        switch self {
        case .cpu: mt_device(kind: MT_CPU, index: -1)
        case .cuda(let index): mt_device(kind: MT_CUDA, index: Int32(clamping: index))
        case .mps: mt_device(kind: MT_MPS, index: -1)
        case .meta: mt_device(kind: MT_META, index: -1)
        case .privateUse(let index):
            mt_device(kind: MT_PRIVATE_USE, index: Int32(clamping: index))
        }
    }

    init(_ value: mt_device) {
        switch value.kind {
        case MT_CPU: self = .cpu
        case MT_CUDA: self = .cuda(Int(max(value.index, 0)))
        case MT_MPS: self = .mps
        case MT_META: self = .meta
        case MT_PRIVATE_USE: self = .privateUse(Int(max(value.index, 0)))
        default: preconditionFailure("the engine hands out no tensors of other kinds of devices")
        }
    }
}
