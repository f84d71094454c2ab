import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch

extension TrainingPlan {
    /// The plan on a model as a table: group, mode, parameters (those of adapters and
    /// of quantised matrices included), trainable, learning rate, decay.
    ///
    /// - Parameter trainable: names of the parameters that learn.
    func table(_ model: MiphaModel, trainable: [String]) -> [String] {
        let learning = Set(trainable)
        var rows = [
            ["group", "mode", "parameters", "trainable", "learning rate", "weight decay"]
        ]
        var (all, learns) = (0, 0)
        for part in parts {
            let own = model.store.facts.filter { $0.part == part.group }.map(\.name)
            let count = own.reduce(0) { $0 + model.store.elementCount(of: $1) }
            let chosen = own.filter(learning.contains)
                .reduce(0) { $0 + model.store.elementCount(of: $1) }
            all += count
            learns += chosen
            let isFrozen = part.mode == .frozen
            rows.append([
                part.group.rawValue, part.mode.description, Self.grouped(count),
                Self.grouped(chosen), isFrozen ? "" : "\(part.learningRate)",
                isFrozen ? "" : "\(part.weightDecay)",
            ])
        }
        rows.append(["all", "", Self.grouped(all), Self.grouped(learns), "", ""])
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = " "
            for (column, cell) in row.enumerated() {
                let filler = String(repeating: " ", count: widths[column] - cell.count)
                line += " " + (column < 2 ? cell + filler : filler + cell) + " "
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    /// Digits in groups of three.
    static func grouped(_ number: Int) -> String { number.grouped(by: ",") }
}
