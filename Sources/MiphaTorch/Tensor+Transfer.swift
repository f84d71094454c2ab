internal import CMiphaTorch

/// A tensor on its way to a device, beside the device's other work.
@safe
public final class PendingUpload {
    private let handle: mt_upload

    fileprivate init(owning handle: mt_upload) {
        unsafe self.handle = unsafe handle
    }

    deinit {
        unsafe mt_upload_free(handle)
    }

    /// The tensor; what this thread queues from now on waits for it on the device, the host does not.
    public func tensor() throws(TensorError) -> Tensor {
        try produce("finish upload") { unsafe mt_upload_finish(handle, $0) }
    }
}

extension Tensor {
    /// A copy of a CPU tensor on a device, through pinned memory; itself for the CPU.
    ///
    /// The host goes on at once, and may change or drop this tensor.
    public func uploaded(to device: Device) throws(TensorError) -> Tensor {
        guard self.device != device else { return self }
        return try produce("upload to \(device)", [self]) {
            unsafe mt_tensor_upload(handle, device.cValue, $0)
        }
    }

    /// Begins the same beside the other work of the device, for what is needed later.
    public func beginUpload(to device: Device) throws(TensorError) -> PendingUpload {
        var result: mt_upload?
        try check(
            unsafe mt_upload_begin(handle, device.cValue, &result), "upload to \(device)", [self])
        guard let upload = unsafe result else {
            throw TensorError(.engine, operation: "upload to \(device)", message: "no result")
        }
        return unsafe PendingUpload(owning: upload)
    }

    /// The elements of scalar tensors, with one wait for all that are on a device.
    public static func items(of tensors: [Tensor]) throws(TensorError) -> [Double] {
        var result = [Double](repeating: 0, count: tensors.count)
        let status = withHandles(tensors) { handles, count in
            unsafe result.withUnsafeMutableBufferPointer {
                unsafe mt_tensors_download(handles, count, $0.baseAddress)
            }
        }
        try check(status, "items", tensors)
        return result
    }

    /// Dense copies in main memory that later changes of the tensors do not reach.
    ///
    /// Elements on a device are copied beside its other work, in pieces of at most 256 MB; the device
    /// takes no memory for it. Returns when all copies are made.
    public static func hostCopies(of tensors: [Tensor]) throws(TensorError) -> [Tensor] {
        var handles: [mt_tensor?] = unsafe Array(repeating: nil, count: tensors.count)
        let status = withHandles(tensors) { sources, count in
            unsafe handles.withUnsafeMutableBufferPointer {
                unsafe mt_tensors_to_host(sources, count, $0.baseAddress)
            }
        }
        try check(status, "copies in main memory", tensors)
        var copies: [Tensor] = []
        for index in tensors.indices {
            copies.append(unsafe try Functions.adopt(handles[index], "copies in main memory"))
        }
        return copies
    }
}
