/// A table in plain text: the first column to the left, the others to the right.
struct TextTable {
    private var rows: [[String]] = []

    init(_ header: [String]) {
        rows.append(header)
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    /// The lines, columns two spaces apart.
    var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let filler = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 ? cell + filler : "  " + filler + cell
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }
}
