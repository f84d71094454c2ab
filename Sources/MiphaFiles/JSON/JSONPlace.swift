/// A place in a text: lines and columns count from 1, columns in characters, bytes from 0.
public struct JSONPlace: Sendable, Hashable {
    /// The line, from 1.
    public internal(set) var line = 1
    /// The character in the line, from 1.
    public internal(set) var column = 1
    /// The byte in the file, from 0.
    public internal(set) var byte = 0

    init() {}

    /// Moves behind `count` bytes of UTF-8 text.
    mutating func advance(over start: UnsafePointer<UInt8>, _ count: Int) {
        byte += count
        var (newlines, continuations) = unsafe JSONBytes.counts(start, count)
        var tail = 0
        if newlines > 0 {
            line += newlines
            column = 1
            tail = count
            while unsafe start[tail - 1] != 0x0A { tail -= 1 }
            unsafe (newlines, continuations) = JSONBytes.counts(start + tail, count - tail)
        }
        column += count - tail - continuations
    }
}
