/// Collects rows one after the other.
struct RowPacker {
    let capacity: Int
    private(set) var samples: [Int32] = []
    private(set) var starts: [Int32] = [0]

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func packSequentially(_ order: [Int], _ lengths: [Int32]) {
        var free = capacity
        for sample in order {
            let length = Int(lengths[sample])
            if length > free {
                closeRow()
                free = capacity
            }
            samples.append(Int32(sample))
            free -= length
        }
        if !order.isEmpty { closeRow() }
    }

    /// First fit over samples of falling length; of equal ones the earlier goes first.
    mutating func packDecreasing(_ window: ArraySlice<Int>, _ lengths: [Int32]) {
        let places = window.indices.sorted { left, right in
            let (a, b) = (lengths[window[left]], lengths[window[right]])
            return a == b ? left < right : a > b
        }
        var room = RoomTree(count: places.count, capacity: capacity)
        var rows: [[Int]] = []
        for place in places {
            let row = room.take(Int(lengths[window[place]]))
            if row == rows.count { rows.append([]) }
            rows[row].append(place)
        }
        // Rows by falling length would teach the long samples first.
        for index in rows.indices { rows[index].sort() }
        rows.sort { ($0.first ?? 0) < ($1.first ?? 0) }
        for row in rows {
            samples += row.map { Int32(window[$0]) }
            closeRow()
        }
    }

    private mutating func closeRow() {
        starts.append(Int32(samples.count))
    }
}

/// The free positions of rows, with a search for the first row that has enough of them.
private struct RoomTree {
    /// A complete binary tree; a node holds the larger of its children, leaves the rows.
    private var nodes: [Int]
    private let leaves: Int

    /// - Parameter count: the most rows that can be needed.
    init(count: Int, capacity: Int) {
        var leaves = 1
        while leaves < count { leaves *= 2 }
        self.leaves = leaves
        nodes = [Int](repeating: capacity, count: 2 * leaves)
    }

    /// Takes positions from the first row that has as many; there is one.
    mutating func take(_ length: Int) -> Int {
        var node = 1
        while node < leaves {
            node = nodes[2 * node] >= length ? 2 * node : 2 * node + 1
        }
        let row = node - leaves
        nodes[node] -= length
        while node > 1 {
            node /= 2
            nodes[node] = max(nodes[2 * node], nodes[2 * node + 1])
        }
        return row
    }
}
