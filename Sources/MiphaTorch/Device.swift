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

    /// Reads `cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for the best device that is present.
    public init(parsing text: String) throws(TensorError) {
        switch text {
        case "auto":
            self = mt_cuda_is_available() ? .cuda(0) : mt_mps_is_available() ? .mps : .cpu
        case "cpu": self = .cpu
        case "mps": self = .mps
        case "cuda": self = .cuda(0)
        default:
            guard text.hasPrefix("cuda:"), let index = Int(text.dropFirst(5)),
                (0..<128).contains(index)
            else {
                throw TensorError(
                    .invalidArgument, operation: "device",
                    message: "unknown device \"\(text)\"; known: auto, cpu, cuda, cuda:N, mps")
            }
            self = .cuda(index)
        }
        if case .cuda = self, !mt_cuda_is_available() {
            throw TensorError(
                .invalidArgument, operation: "device",
                message: "\(text) was asked for, but this libtorch sees no CUDA device")
        }
        if case .mps = self, !mt_mps_is_available() {
            throw TensorError(
                .invalidArgument, operation: "device",
                message: "mps was asked for, but this libtorch sees no Apple GPU")
        }
    }

    /// The device in the notation of the command line.
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        case .mps: "mps"
        case .meta: "meta"
        }
    }

    /// Waits until all work queued on the device is done.
    public func synchronize() throws(TensorError) {
        try check(mt_synchronize(cValue), "synchronize")
    }

    var cValue: mt_device {
        switch self {
        case .cpu: mt_device(kind: MT_CPU, index: -1)
        case .cuda(let index): mt_device(kind: MT_CUDA, index: Int32(clamping: index))
        case .mps: mt_device(kind: MT_MPS, index: -1)
        case .meta: mt_device(kind: MT_META, index: -1)
        }
    }

    init(_ value: mt_device) {
        switch value.kind {
        case MT_CUDA: self = .cuda(Int(max(value.index, 0)))
        case MT_MPS: self = .mps
        case MT_META: self = .meta
        default: self = .cpu
        }
    }
}
