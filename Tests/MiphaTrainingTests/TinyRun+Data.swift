import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTraining

/// One conversation of a test: images by file name, then the turns, the human first.
struct Conversation {
    var pictures: [String] = []
    var turns: [String]

    init(_ turns: String..., pictures: [String] = []) {
        self.turns = turns
        self.pictures = pictures
    }

    func json(id: Int) -> JSONValue {
        var item: JSONObject = ["id": .string("c\(id)")]
        if pictures.count == 1 { item["image"] = .string(pictures[0]) }
        if pictures.count > 1 { item["image"] = .array(pictures.map { .string($0) }) }
        item["conversations"] = .array(
            turns.enumerated().map { index, text in
                [
                    "from": .string(index.isMultiple(of: 2) ? "human" : "gpt"),
                    "value": .string(text),
                ]
            })
        return .object(item)
    }
}

extension TinyRun {
    /// Writes a data file into the folder.
    func data(_ name: String, _ conversations: [Conversation]) throws -> String {
        let path = folder.file(name)
        let items = conversations.enumerated().map { $1.json(id: $0) }
        try JSONValue.array(items).write(to: path)
        return path
    }

    /// The same run on other conversations, in a folder of its own.
    func on(
        _ name: String, _ conversations: [Conversation],
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunConfiguration {
        let file = try data("\(name).json", conversations)
        return with {
            $0.dataFiles = [file]
            $0.outputFolder = folder.file(name)
            change(&$0)
        }
    }

    /// Makes the end of text the padding token, as Phi's tokenizer has it.
    func padWithEndOfText() throws {
        for name in ["special_tokens_map.json", "tokenizer_config.json"] {
            let path = "\(run.model)/\(name)"
            guard case .object(var object) = try JSONValue(contentsOf: path) else { continue }
            object["pad_token"] = "<|endoftext|>"
            try JSONValue.object(object).write(to: path)
        }
    }
}

extension RunConfiguration {
    /// The files to learn from, as an index takes them.
    var sources: [ConversationSource] {
        dataFiles.map { ConversationSource(file: $0, imageFolder: imageFolder) }
    }
}

/// Runs to the end, or to `limit` updates, and returns what was reported.
@discardableResult
func progress(
    _ run: RunConfiguration, resume: Trainer.Resume = .auto, stoppingAfter limit: Int? = nil
) throws -> [TrainingProgress] {
    var reports: [TrainingProgress] = []
    _ = try Trainer(run, resume: resume).train(
        shouldStop: { limit.map { reports.count >= $0 } ?? false },
        report: { reports.append($0) })
    return reports
}

/// Runs one update and reads the gradients it applied from the first moments of the optimiser.
func appliedGradients(
    _ run: RunConfiguration
) throws -> (progress: TrainingProgress?, gradients: [String: [Float]]) {
    var once = run
    once.saveSteps = 1
    let reports = try progress(once, resume: .never, stoppingAfter: 1)
    let file = try SafetensorsFile(
        path: "\(run.outputFolder)/checkpoint-1/optimizer.safetensors")
    var gradients: [String: [Float]] = [:]
    for entry in file.entries where entry.name.hasPrefix("exp_avg.") {
        let share = Float(1 - run.optimizer.beta1)
        gradients[String(entry.name.dropFirst("exp_avg.".count))] =
            try file.floats(entry.name).map { $0 / share }
    }
    return (reports.first, gradients)
}

/// Euclidean norm over all values, in float64.
func norm(_ gradients: [String: [Float]]) -> Double {
    gradients.values.joined().reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// Norm of the difference as a share of the norm of what is expected.
func relativeDistance(_ found: [String: [Float]], _ expected: [String: [Float]]) -> Double {
    guard Set(found.keys) == Set(expected.keys) else { return .infinity }
    let difference = found.mapValues { $0 }.merging(expected) { a, b in
        a.count == b.count ? zip(a, b).map { $0 - $1 } : [.infinity]
    }
    return norm(difference) / norm(expected)
}
