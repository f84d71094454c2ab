/// A piece of memory that cursors read from; it lives as long as one of them.
///
/// Who writes to it makes sure that no cursor reads those bytes.
@safe final class ByteWindow {
    let base: UnsafeMutablePointer<UInt8>
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        unsafe base = .allocate(capacity: max(capacity, 1))
    }

    /// Memory that holds a copy of `bytes`.
    convenience init(copying bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        unsafe base.update(from: bytes, count: bytes.count)
    }

    deinit {
        unsafe base.deallocate()
    }
}
