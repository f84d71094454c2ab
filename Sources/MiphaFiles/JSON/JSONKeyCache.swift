/// The keys that were read lately, so that the million objects of a file share their strings.
///
/// A key of at most 24 bytes is told by its length and three overlapping words.
@safe final class JSONKeyCache {
    private struct Entry {
        var length = -1
        var head: UInt64 = 0
        var middle: UInt64 = 0
        var tail: UInt64 = 0
        var text = ""
    }

    private static let size = 64
    private let entries: UnsafeMutablePointer<Entry>

    init() {
        unsafe entries = .allocate(capacity: Self.size)
        unsafe entries.initialize(repeating: Entry(), count: Self.size)
    }

    deinit {
        unsafe entries.deinitialize(count: Self.size)
        unsafe entries.deallocate()
    }

    /// The string of `count` bytes of UTF-8; nil when they are not UTF-8.
    @inline(__always)
    func text(_ start: UnsafePointer<UInt8>, _ count: Int) -> String? {
        guard count <= 24 else { return unsafe JSONBytes.text(start, count) }
        let head: UInt64
        var middle: UInt64 = 0
        var tail: UInt64 = 0
        if count >= 8 {
            unsafe head = Self.load(start)
            unsafe tail = Self.load(start + (count - 8))
            if count > 16 { unsafe middle = Self.load(start + 8) }
        } else {
            unsafe head = Self.short(start, count)
        }
        let mixed = (head ^ (tail &+ middle &* 3)) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(count)
        let entry = unsafe entries + Int(truncatingIfNeeded: mixed >> 58)
        if unsafe entry.pointee.length == count, unsafe entry.pointee.head == head,
            unsafe entry.pointee.tail == tail, unsafe entry.pointee.middle == middle
        {
            return unsafe entry.pointee.text
        }
        guard let text = unsafe JSONBytes.text(start, count) else { return nil }
        unsafe entry.pointee = Entry(
            length: count, head: head, middle: middle, tail: tail, text: text)
        return text
    }

    @inline(__always)
    private static func load(_ start: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
    }

    /// Fewer than eight bytes as one number, which with their count tells them.
    @inline(__always)
    private static func short(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        if count >= 4 {
            let raw = unsafe UnsafeRawPointer(start)
            let head = unsafe raw.loadUnaligned(as: UInt32.self)
            let tail = unsafe raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            return UInt64(head) | UInt64(tail) << 32
        }
        guard count > 0 else { return 0 }
        return unsafe UInt64(start[0]) | UInt64(start[count >> 1]) << 8
            | UInt64(start[count - 1]) << 16
    }
}
