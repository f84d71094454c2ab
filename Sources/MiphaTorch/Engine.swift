internal import CMiphaTorch

/// Settings of the whole libtorch engine in this process.
public enum Engine {
    /// Version of the libtorch headers this build was compiled with.
    public static var compiledVersion: String { unsafe String(cString: mt_compiled_version()) }

    /// Version of the libtorch library that is loaded.
    public static var loadedVersion: String { unsafe String(cString: mt_loaded_version()) }

    /// Number of threads an operation may use.
    public static var threadCount: Int { Int(mt_thread_count()) }

    /// Whether products in bfloat16 on the CPU are computed in float32.
    ///
    /// So it is on x86 processors without AVX-512, such as most laptops', where libtorch's own bfloat16
    /// products run at a tenth of the rate of float32, and under limits of the environment
    /// (`ATEN_CPU_CAPABILITY=avx2`, `ONEDNN_MAX_CPU_ISA=AVX2`). Weights stay bfloat16 in memory, results
    /// are rounded to bfloat16, and sums are float32 either way.
    public static var computesBFloat16InFloat: Bool { mt_computes_bfloat16_in_float() }

    /// The largest number of threads that is accepted.
    public static let maximumThreadCount = 1024

    /// Sets the number of threads an operation may use, from 1 to ``maximumThreadCount``.
    ///
    /// - Throws: `TensorError` for other numbers.
    public static func setThreadCount(_ count: Int) throws(TensorError) {
        guard count <= maximumThreadCount else {
            throw TensorError(
                .invalidArgument, operation: "set thread count",
                message: "expected at most \(maximumThreadCount) threads, found \(count)")
        }
        try check(mt_set_thread_count(Int32(clamping: count)), "set thread count")
    }

    /// Lets the process keep freed memory for its next tensors instead of returning it to the system.
    ///
    /// For loops that allocate the same again and again, such as training: without it a quarter of a
    /// step on the CPU went into page faults. Only glibc has the setting.
    public static func keepFreedMemory() { mt_keep_freed_memory() }

    /// Lets all kernels give the same bits each time, at some cost in speed on devices.
    ///
    /// To be set before the first use of a device; the kernels of the CPU do so anyway.
    public static func setDeterministic(_ value: Bool) throws(TensorError) {
        try check(mt_set_deterministic(value), "deterministic kernels")
    }

    /// Refuses to go on when headers and library are of different versions.
    ///
    /// - Throws: `TensorError` naming both versions.
    public static func verifyVersion() throws(TensorError) {
        let expected = compiledVersion.split(separator: "+").first.map(String.init) ?? ""
        let found = loadedVersion.split(separator: "+").first.map(String.init) ?? ""
        guard expected == found else {
            throw TensorError(
                .engine, operation: "start-up",
                message: "built against libtorch \(expected) but libtorch \(found) is loaded; "
                    + "rebuild, or correct the library path")
        }
    }
}

/// Runs `body` on this thread without recording gradients, and restores the former mode.
///
/// The closure is synchronous on purpose: the mode belongs to the thread, and tasks change threads.
public func withoutGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let former = mt_grad_mode_set(false)
    defer { _ = mt_grad_mode_set(former) }
    return try body()
}

/// Runs `body` on this thread with gradients recorded, and restores the former mode.
public func withGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let former = mt_grad_mode_set(true)
    defer { _ = mt_grad_mode_set(former) }
    return try body()
}

/// Whether operations on this thread are recorded for gradients.
public var recordsGradients: Bool { mt_grad_mode() }
