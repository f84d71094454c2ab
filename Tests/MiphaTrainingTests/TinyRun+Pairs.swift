import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTraining

/// A question with two answers of a test.
struct Pair {
    var question: String
    var chosen: String
    var rejected: String
    var pictures: [String] = []

    /// A LLaVA conversation that ends with the question, or the published form of one question.
    func json(id: Int, published: Bool = false) -> JSONValue {
        var item: JSONObject = ["id": .string("p\(id)")]
        if pictures.count == 1 { item["image"] = .string(pictures[0]) }
        if pictures.count > 1 { item["image"] = .array(pictures.map { .string($0) }) }
        if published {
            item["prompt"] = .string(question)
        } else {
            let markers = String(repeating: "<image>\n", count: pictures.count)
            item["conversations"] = [
                ["from": "human", "value": "Hello"], ["from": "gpt", "value": "Good day"],
                ["from": "human", "value": .string(markers + question)],
            ]
        }
        item["chosen"] = .string(chosen)
        item["rejected"] = ["from": "gpt", "value": .string(rejected)]
        return .object(item)
    }
}

extension TinyRun {
    /// Pairs of unequal lengths; every third has no image, one has two.
    static func pairs(_ count: Int) -> [Pair] {
        (0..<count).map { index in
            let pictures =
                index == 1
                ? ["0.png", "2.png"] : (index % 3 == 2 ? [] : ["\(index % 3).png"])
            return Pair(
                question: "What is number \(index)?",
                chosen: Array(repeating: "word", count: 1 + index % 4).joined(separator: " "),
                rejected: Array(repeating: "no", count: 1 + (index * 2) % 5).joined(separator: " "),
                pictures: pictures)
        }
    }

    /// A preference run on pairs, in a folder of its own.
    func preference(
        _ name: String = "dpo", _ pairs: [Pair] = TinyRun.pairs(8),
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunConfiguration {
        let file = folder.file("\(name)-pairs.json")
        let items = pairs.enumerated().map { $1.json(id: $0, published: $0.isMultiple(of: 2)) }
        try JSONValue.array(items).write(to: file)
        return with {
            $0.stage = .preference
            $0.dataFiles = [file]
            $0.outputFolder = folder.file(name)
            $0.tensorBoard = false
            change(&$0)
        }
    }
}

extension TrainingProgress {
    /// A figure by name.
    func figure(_ name: String) -> Double? { figures.first { $0.name == name }?.value }
}

/// The log-probabilities in a run's folder and how many pairs are done.
func referenceFile(_ run: RunConfiguration) throws -> (bytes: [UInt8], done: String?) {
    let file = try SafetensorsFile(path: "\(run.outputFolder)/reference.safetensors")
    return (
        try file.bytes(of: file.requiredEntry("log_probabilities")), file.metadata["pairs_done"]
    )
}
