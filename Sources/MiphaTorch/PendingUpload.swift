internal import CMiphaTorch

/// A copy of a CPU tensor on its way to a device, beside the device's other work.
@safe
public final class PendingUpload {
    private let handle: mt_upload

    /// Begins the copy, through pinned memory; the host goes on at once, and may change the tensor.
    public init(of tensor: Tensor, to device: Device) throws(TensorError) {
        var result: mt_upload?
        try check(
            unsafe mt_upload_begin(tensor.handle, device.cValue, &result), "upload to \(device)",
            [tensor])
        guard let upload = unsafe result else {
            throw TensorError(.engine, operation: "upload to \(device)", message: "no result")
        }
        unsafe handle = unsafe upload
    }

    deinit {
        unsafe mt_upload_free(handle)
    }

    /// The tensor; what this thread queues from now on waits for it on the device, the host does not.
    public func tensor() throws(TensorError) -> Tensor {
        try produce("finish upload") { unsafe mt_upload_finish(handle, $0) }
    }
}
