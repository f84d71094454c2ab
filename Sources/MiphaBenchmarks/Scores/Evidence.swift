import MiphaFiles

/// What the answers add to the sums that figures are made of, kept apart by cluster.
///
/// A cluster is what is drawn anew as a whole: all questions on one image. What consecutive
/// answers of one cluster add to one column is kept as one number, and zeros are not kept, so that
/// the memory is a few dozen bytes a cluster.
public struct Evidence: Sendable {
    struct Entry: Sendable {
        let cluster: Int32
        let column: Int32
        var value: Double
    }

    /// How many of the latest entries are looked at for one to add to.
    private static let reach = 24

    /// Names of the columns, by which two sides of a comparison find each other.
    private(set) var columnNames: [String] = []
    /// Number of columns.
    public var columnCount: Int { columnNames.count }
    /// Names of the clusters in the order they came.
    public private(set) var clusterNames: [String] = []
    private(set) var entries: [Entry] = []
    private var clusterIndices: [ExactString: Int32] = [:]

    /// Makes empty evidence.
    public init() {}

    /// Makes a column and returns its index.
    public mutating func makeColumn(_ name: String) -> Int {
        columnNames.append(name)
        return columnCount - 1
    }

    /// The index of a cluster; a new name makes a new one.
    public mutating func cluster(named name: String) -> Int {
        if let last = clusterNames.last, PythonText.equal(last, name) {
            return clusterNames.count - 1
        }
        let key = ExactString(name)
        if let index = clusterIndices[key] { return Int(index) }
        clusterIndices[key] = Int32(truncatingIfNeeded: clusterNames.count)
        clusterNames.append(name)
        return clusterNames.count - 1
    }

    /// Adds to a column.
    public mutating func add(_ value: Double, to column: Int, cluster: Int) {
        guard value != 0 else { return }
        let (wanted, owner) = (
            Int32(truncatingIfNeeded: column), Int32(truncatingIfNeeded: cluster)
        )
        var place = entries.count - 1
        let stop = max(place - Self.reach, -1)
        while place > stop, entries[place].cluster == owner {
            if entries[place].column == wanted {
                entries[place].value += value
                return
            }
            place -= 1
        }
        entries.append(Entry(cluster: owner, column: wanted, value: value))
    }

    /// The sum of every column.
    public var sums: [Double] {
        var sums = [Double](repeating: 0, count: columnCount)
        for entry in entries { sums[Int(entry.column)] += entry.value }
        return sums
    }

    /// The same evidence sorted by cluster, entries of one cluster and column added up.
    func grouped() -> GroupedEvidence {
        var starts = [Int](repeating: 0, count: clusterNames.count + 1)
        for entry in entries { starts[Int(entry.cluster) + 1] += 1 }
        for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
        var next = starts
        var order = [Int32](repeating: 0, count: entries.count)
        for (place, entry) in entries.enumerated() {
            order[next[Int(entry.cluster)]] = Int32(truncatingIfNeeded: place)
            next[Int(entry.cluster)] += 1
        }
        var result = GroupedEvidence(columnCount: columnCount)
        result.starts.reserveCapacity(clusterNames.count + 1)
        result.columns.reserveCapacity(entries.count)
        result.values.reserveCapacity(entries.count)
        var slot = [Int](repeating: -1, count: columnCount)
        for cluster in clusterNames.indices {
            let first = result.columns.count
            for place in order[starts[cluster]..<starts[cluster + 1]] {
                let entry = entries[Int(place)]
                let column = Int(entry.column)
                if slot[column] >= first {
                    result.values[slot[column]] += entry.value
                } else {
                    slot[column] = result.columns.count
                    result.columns.append(entry.column)
                    result.values.append(entry.value)
                }
            }
            result.starts.append(result.columns.count)
        }
        return result
    }
}

/// Evidence in cluster order: cluster `c` owns the entries `starts[c] ..< starts[c + 1]`.
struct GroupedEvidence: Sendable {
    let columnCount: Int
    var starts: [Int] = [0]
    var columns: [Int32] = []
    var values: [Double] = []

    init(columnCount: Int) {
        self.columnCount = columnCount
    }

    var clusterCount: Int { starts.count - 1 }

    /// Adds `weight` times the cluster's entries to the sums of other columns.
    func add(_ cluster: Int, weight: Double, to sums: inout [Double], _ columnMap: [Int]) {
        for place in starts[cluster]..<starts[cluster + 1] {
            sums[columnMap[Int(columns[place])]] += weight * values[place]
        }
    }

    /// Adds `weight` times the cluster's entries to `sums`.
    func add(_ cluster: Int, weight: Double, to sums: inout [Double]) {
        for place in starts[cluster]..<starts[cluster + 1] {
            sums[Int(columns[place])] += weight * values[place]
        }
    }
}
