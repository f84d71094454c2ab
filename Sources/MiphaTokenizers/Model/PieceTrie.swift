/// Pieces by their bytes, one byte at a time.
struct PieceTrie: Sendable {
    static let root: UInt32 = 0
    static let none = PairTable.missing

    private var firsts = [UInt32](repeating: PieceTrie.none, count: 256)
    private var edges: PairTable
    private var pieces: [UInt32] = [PieceTrie.none]

    /// A trie of pieces that are not empty.
    init(pieces list: [(content: String, id: UInt32)]) {
        edges = PairTable(capacity: list.reduce(16) { $0 + $1.content.utf8.count })
        for (content, id) in list { insert(content, id) }
    }

    private mutating func insert(_ content: String, _ id: UInt32) {
        var node = Self.root
        for byte in content.utf8 {
            var next = child(node, byte)
            if next == Self.none {
                next = UInt32(pieces.count)
                pieces.append(Self.none)
                if node == Self.root {
                    firsts[Int(byte)] = next
                } else {
                    edges.set(PairTable.key(node, UInt32(byte)), next)
                }
            }
            node = next
        }
        pieces[Int(node)] = id
    }

    /// The node after one more byte, or `none`.
    @inline(__always)
    func child(_ node: UInt32, _ byte: UInt8) -> UInt32 {
        node == Self.root ? firsts[Int(byte)] : edges[PairTable.key(node, UInt32(byte))]
    }

    /// The piece that ends at a node, or `none`.
    @inline(__always)
    func piece(_ node: UInt32) -> UInt32 { pieces[Int(node)] }
}
