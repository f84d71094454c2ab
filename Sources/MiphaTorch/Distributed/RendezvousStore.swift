internal import CMiphaTorch

/// The key-value store over which the processes of a job meet, run by their launcher.
@safe
public final class RendezvousStore {
    private let handle: mt_store
    /// The port it listens on.
    public let port: Int

    /// Starts a store on a free port; it ends with this value.
    public init(host: String = "127.0.0.1", timeout: Double = 600) throws(TensorError) {
        var result: mt_store?
        var port: UInt16 = 0
        try check(
            unsafe mt_store_serve(host, Int64(timeout * 1000), &result, &port),
            "store on \(host)")
        guard let handle = unsafe result else {
            throw TensorError(.engine, operation: "store on \(host)", message: "no store")
        }
        unsafe self.handle = unsafe handle
        self.port = Int(port)
    }

    deinit {
        unsafe mt_store_free(handle)
    }
}
