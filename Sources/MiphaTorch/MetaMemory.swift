internal import CMiphaTorch

/// Who gives memory to tensors on the meta device, which have none of their own.
public final class MetaMemory {
    fileprivate let isOnDevice: Bool
    fileprivate let take: (Int) -> AnyObject

    /// - Parameters:
    ///   - isOnDevice: whether the memory is that of an accelerator, else the CPU's: the engine works
    ///     there in other pieces.
    ///   - take: hands out so many bytes; they are given back with the last reference to the object.
    public init(isOnDevice: Bool = false, _ take: @escaping (Int) -> AnyObject) {
        self.isOnDevice = isOnDevice
        self.take = take
    }
}

/// Runs `body`, in which new tensors on the meta device take their memory from `memory`.
///
/// Operations on them then take what they would on the CPU or on an accelerator, in the pieces that the
/// engine uses there, and elements are read as 0: the engine can go through a computation to learn what
/// it takes. `nil` gives them none, as it is outside.
///
/// - Throws: what `body` throws; `TensorError`.
@safe
public func withMetaMemory<R>(_ memory: MetaMemory?, _ body: () throws -> R) throws -> R {
    var hooks = unsafe mt_memory_hooks(context: nil, take: nil, give_back: nil, on_device: false)
    if let memory {
        unsafe hooks.on_device = memory.isOnDevice
        unsafe hooks.context = unsafe Unmanaged.passUnretained(memory).toOpaque()
        unsafe hooks.take = { context, bytes in
            guard let context = unsafe context else { return nil }
            let memory = unsafe Unmanaged<MetaMemory>.fromOpaque(context).takeUnretainedValue()
            return unsafe Unmanaged.passRetained(memory.take(bytes)).toOpaque()
        }
        unsafe hooks.give_back = { taken in
            guard let taken = unsafe taken else { return }
            unsafe Unmanaged<AnyObject>.fromOpaque(taken).release()
        }
    }
    var former = unsafe mt_memory_hooks(context: nil, take: nil, give_back: nil, on_device: false)
    try check(unsafe mt_memory_hooks_set(hooks, &former), "memory of meta tensors")
    defer {
        var last = unsafe mt_memory_hooks(context: nil, take: nil, give_back: nil, on_device: false)
        _ = unsafe mt_memory_hooks_set(former, &last)
    }
    return try withExtendedLifetime(memory, body)
}
