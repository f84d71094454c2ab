/// The state that the processes of a job divide among themselves.
///
/// Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
/// 2020. Results do not depend on the mode, only memory and traffic do. Each mode shares out what
/// the one before it does, and more.
public enum ShardingMode: String, Sendable, CaseIterable {
    /// Nothing: every process holds everything, gradients are summed over all.
    case none
    /// The optimiser's state and float32 master weights.
    case zero1
    /// Also the gradients: each process keeps the sums of its share only.
    case zero2
    /// Also the weights: those of a segment are gathered while it runs.
    case zero3

    /// Whether gradients go to their owners after every micro-batch rather than after the last.
    var sharesGradients: Bool { self == .zero2 || self == .zero3 }
}
