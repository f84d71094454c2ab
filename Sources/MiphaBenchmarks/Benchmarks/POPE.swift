import MiphaFiles

/// POPE: whether a model sees objects that are not there (Li et al., EMNLP 2023).
///
/// Labels are JSON lines `coco_pope_{adversarial,popular,random}.json`, in the folder itself or in
/// its `coco` folder; a single label file is scored alone. Which answer belongs to which label is
/// given by LLaVA's `llava_pope_test.jsonl`, by `question_ids_by_category.json` (category to ids),
/// or, without either, by LLaVA's numbering: 1... adversarial, 10,000,001... random,
/// 20,000,001... popular. The official scorers pair by position and cut the longer list without a
/// word; here counts must agree, and an answer is paired by the place of its id among the ids of
/// its category, which is the same for answers in the order of the questions.
///
/// Damage: a byte order mark and Windows line ends are accepted; broken lines, labels other than
/// yes and no, unknown, repeated and missing ids are errors.
///
/// Reference: AoiDragon/POPE `evaluate.py`, haotian-liu/LLaVA `llava/eval/eval_pope.py`.
package struct POPE: Benchmark {
    /// The categories in the order of reports.
    static let categories = ["adversarial", "popular", "random"]
    static let questionFile = "llava_pope_test.jsonl"
    static let idFile = "question_ids_by_category.json"

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "pope", title: "POPE", split: "coco val2014",
            variants: [
                .init(
                    "llava",
                    "POPE's and LLaVA's scorer: no, No or not in the first sentence means no, all "
                        + "else yes; mean F1 of the categories"),
                .init(
                    "lmms-eval",
                    "lmms-eval: exactly yes or no, others wrong and outside precision and recall; "
                        + "all categories pooled"),
                .init(
                    "vlmevalkit",
                    "VLMEvalKit: the word yes or the word no but not both, others wrong and taken "
                        + "as no; all categories pooled"),
            ],
            files: [
                .init(
                    Self.categories.map { "coco/coco_pope_\($0).json" },
                    content: "questions and labels; LLaVA's question file fits commit e3e39262, "
                        + "where random has 2,910 lines",
                    origin: "https://github.com/AoiDragon/POPE/tree/"
                        + "e3e39262c85a6a83f26cf5094022a782cb0df58d/output/coco"),
                .init(
                    [Self.questionFile, Self.idFile], content: "LLaVA's questions or their ids",
                    origin: "LLaVA eval.zip"),
                .init(
                    ["val2014"], content: "images",
                    origin: "http://images.cocodataset.org/zips/val2014.zip"),
            ],
            licence: "MIT (labels), CC BY 4.0 (COCO annotations)",
            columns: [("f1", "POPE")])
    }

    /// LLaVA's question file, or the questions of the label files with LLaVA's ids and suffix.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let labels = try Self.labels(files)
        let asked = try Self.asked(files, labels)
        var questions: [Question] = []
        for (category, ids) in asked {
            for (id, label) in zip(ids, labels.first { $0.name == category }?.items ?? []) {
                questions.append(
                    Question(
                        id: id, text: label.question + PromptSuffix.short,
                        pictures: [files.coco(label.image)], category: category,
                        expected: [label.isYes ? "yes" : "no"]))
            }
        }
        return questions
    }

    /// Scores answers; figures of a category carry the dimension `category`.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let labels = try Self.labels(files)
        let pairs = try Self.paired(predictions, files, labels, &recorder)
        var tables: [POPETable] = []
        for (set, answers) in zip(labels, pairs) {
            guard answers.contains(where: { $0 != nil }) else { continue }
            var table = POPETable(name: set.name, &recorder)
            for case (let label, let answer?) in zip(set.items, answers) {
                try table.record(label, answer, variant.name, &recorder)
            }
            tables.append(table)
        }
        if variant.name == "llava" {
            POPETable.addMean(tables, &recorder)
        } else {
            POPETable.pooled(tables).addFigures(variant.name, isPart: false, &recorder)
        }
        for table in tables { table.addFigures(variant.name, isPart: true, &recorder) }
    }
}

extension POPE {
    /// A line of a label file.
    struct Label: Sendable {
        let image: String
        let question: String
        let isYes: Bool
    }

    /// A label file.
    struct LabelSet: Sendable {
        let name: String
        let file: String
        let items: [Label]
    }

    /// The label files there are: all three, or the one that was pointed at.
    static func labels(_ files: BenchmarkFiles) throws(EvaluationError) -> [LabelSet] {
        if files.isFile {
            let name = files.path.split(separator: "/").last.map(String.init) ?? files.path
            let category = categories.first { name.contains($0) } ?? "labels"
            return [try labelSet(try files.file([name], what: "POPE's labels"), category)]
        }
        var sets: [LabelSet] = []
        for category in categories {
            let name = "coco_pope_\(category).json"
            let file = try files.file(
                ["coco/\(name)", name, "output/coco/\(name)"],
                what: "the \(category) labels of POPE")
            sets.append(try labelSet(file, category))
        }
        return sets
    }

    private static func labelSet(
        _ file: SourceFile, _ category: String
    ) throws(EvaluationError) -> LabelSet {
        var items: [Label] = []
        let what = "POPE's \(category) labels (coco_pope_\(category).json)"
        for line in try file.objects(what, labelFields) {
            let label = try line.string("label")
            guard label == "yes" || label == "no" else {
                throw line.wrong("label", "yes or no")
            }
            items.append(
                Label(
                    image: try line.string("image"), question: try line.string("text"),
                    isYes: label == "yes"))
        }
        return LabelSet(name: category, file: file.name, items: items)
    }

    /// The question ids of every category in order, categories in the order of the question file.
    static func asked(
        _ files: BenchmarkFiles, _ labels: [LabelSet]
    ) throws(EvaluationError) -> [(category: String, ids: [QuestionID])] {
        guard !files.isFile else {
            return [(labels[0].name, (0..<labels[0].items.count).map { QuestionID($0 + 1) })]
        }
        let result: [(category: String, ids: [QuestionID])]
        let source: String
        if let file = try files.optionalFile([questionFile]) {
            result = try grouped(file)
            source = file.name
        } else if let file = try files.optionalFile([idFile]) {
            result = try listed(file)
            source = file.name
        } else {
            let starts = ["adversarial": 0, "random": 10_000_000, "popular": 20_000_000]
            result = ["adversarial", "random", "popular"].map { category in
                let count = labels.first { $0.name == category }?.items.count ?? 0
                let first = starts[category, default: 0] + 1
                return (category, (0..<count).map { QuestionID(first + $0) })
            }
            source = "LLaVA's numbering"
        }
        for set in labels {
            let count = result.first { $0.category == set.name }?.ids.count ?? 0
            guard count == set.items.count else {
                throw EvaluationError(
                    .mismatch,
                    "\(source) has \(count) questions of category \(set.name), \(set.file) has "
                        + "\(set.items.count) labels; LLaVA's questions fit POPE's commit e3e39262, "
                        + "where random has 2,910")
            }
        }
        return result
    }

    private static func grouped(
        _ file: SourceFile
    ) throws(EvaluationError) -> [(category: String, ids: [QuestionID])] {
        var result: [(category: String, ids: [QuestionID])] = []
        let what = "LLaVA's questions for POPE (\(questionFile))"
        for line in try file.objects(what, .questionLines) {
            let category = try line.string("category")
            guard let id = line.object["question_id"].flatMap({ QuestionID($0) }) else {
                throw line.wrong("question_id", "a number or a string")
            }
            if let place = result.firstIndex(where: { $0.category == category }) {
                result[place].ids.append(id)
            } else {
                result.append((category, [id]))
            }
        }
        return result
    }

    private static func listed(
        _ file: SourceFile
    ) throws(EvaluationError) -> [(category: String, ids: [QuestionID])] {
        var result: [(category: String, ids: [QuestionID])] = []
        for member in try file.object("POPE's question ids by category").members {
            let ids = (member.value.arrayValue ?? []).compactMap { QuestionID($0) }
            guard categories.contains(member.key), ids.count == member.value.arrayValue?.count
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(file.name): expected lists of question ids under "
                        + "\(categories.joined(separator: ", ")), found \"\(member.key)\" with "
                        + member.value.kind)
            }
            result.append((member.key, ids))
        }
        return result
    }
}

extension BenchmarkFiles {
    /// An image of COCO val2014 in the folders that LLaVA and COCO use.
    fileprivate func coco(_ name: String) -> PictureSource {
        picture(name, in: ["val2014", "images/val2014", "coco/val2014", "images", ""])
            ?? PictureSource(name: name, place: .file("\(path)/val2014/\(name)"))
    }
}
