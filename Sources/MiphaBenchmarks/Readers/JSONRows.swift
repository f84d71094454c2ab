import MiphaFiles

/// The values of a JSON file of many, with places for messages.
///
/// The elements of an array stand at `file: element 3`, the values of JSON lines at `file:12`, and a
/// file of one value at `file`.
enum JSONRows {
    /// Calls `body` with every value.
    ///
    /// - Throws: `EvaluationError` for broken JSON, naming line and column, and what `body` throws.
    static func forEach(
        _ elements: JSONElements,
        _ body: (JSONValue, _ place: String) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        var held: Row? = try next(elements)
        var isSingle = true
        while let row = held {
            held = try next(elements)
            let place: String
            if elements.shape == .lines {
                place = isSingle && held == nil ? elements.file : "\(elements.file):\(row.line)"
            } else {
                place = "\(elements.file): element \(row.index)"
            }
            isSingle = false
            try body(row.value, place)
        }
    }

    private struct Row {
        let value: JSONValue
        let line: Int
        let index: Int
    }

    private static func next(_ elements: JSONElements) throws(EvaluationError) -> Row? {
        try EvaluationError.wrapping { () throws(FileError) in
            guard var cursor = try elements.next() else { return nil }
            let (line, index) = (cursor.place.line, elements.count - 1)
            return Row(value: try cursor.value(), line: line, index: index)
        }
    }
}
