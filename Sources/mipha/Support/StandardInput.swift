/// The lines of standard input, cut at line feeds only.
enum StandardInput {
    /// Calls `body` with every line and its number, from 1.
    static func forEachLine(_ body: (String, Int) throws -> Void) throws {
        var number = 0
        while let line = readLine(strippingNewline: false) {
            number += 1
            var scalars = line.unicodeScalars
            if scalars.last == "\n" { scalars.removeLast() }
            try body(String(scalars), number)
        }
    }
}
