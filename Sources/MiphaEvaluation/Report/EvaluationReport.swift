public import MiphaBenchmarks
import MiphaFiles

/// Everything a report says, as plain values: ``HTMLReport`` and ``MarkdownReport`` lay it out.
public struct EvaluationReport: Sendable {
    /// A labelled line, such as `Parameters` and `3.2 billion`.
    public struct Fact: Sendable, Hashable {
        /// What it is about.
        public var label: String
        /// What there is to say.
        public var value: String

        /// Makes a fact.
        public init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }

    /// An encoded image, already small.
    public enum Picture: Sendable, Hashable {
        /// PNG, JPEG, GIF or WebP bytes.
        case bytes([UInt8])
        /// A file of one of these kinds.
        case file(String)
    }

    /// A question that went wrong.
    public struct WorstItem: Sendable {
        /// The question's name.
        public var id: QuestionID
        /// The question.
        public var question: String
        /// The answer as it was given.
        public var answer: String
        /// The right answers.
        public var expected: [String]
        /// The score of the answer.
        public var score: Double
        /// The image it is about.
        public var picture: Picture?

        /// Makes an item.
        public init(
            id: QuestionID, question: String, answer: String, expected: [String], score: Double,
            picture: Picture? = nil
        ) {
            self.id = id
            self.question = question
            self.answer = answer
            self.expected = expected
            self.score = score
            self.picture = picture
        }
    }

    /// A figure that fills a column of published tables.
    public struct Column: Sendable, Hashable {
        /// Name or label of the figure.
        public var figure: String
        /// The column's name.
        public var column: String

        /// Pairs a figure with a column.
        public init(figure: String, column: String) {
            self.figure = figure
            self.column = column
        }
    }

    /// One benchmark.
    public struct Result: Sendable {
        /// The scores.
        public var score: ScoreReport
        /// The name in tables.
        public var title: String
        /// One line about the variant.
        public var variantSummary: String
        /// The columns of published tables it fills.
        public var columns: [Column]
        /// Questions that went wrong.
        public var worst: [WorstItem]

        /// Makes a result.
        public init(
            score: ScoreReport, title: String, variantSummary: String = "",
            columns: [Column] = [], worst: [WorstItem] = []
        ) {
            self.score = score
            self.title = title
            self.variantSummary = variantSummary
            self.columns = columns
            self.worst = worst
        }

        /// Takes title, variant and columns from a benchmark's card.
        public init(score: ScoreReport, card: BenchmarkCard, worst: [WorstItem] = []) {
            self.init(
                score: score, title: card.title,
                variantSummary: card.variants.first { $0.name == score.variant }?.summary ?? "",
                columns: card.columns.map { Column(figure: $0.figure, column: $0.column) },
                worst: worst)
        }

        /// The headline, and the other figures that published tables show.
        var shownFigures: [Figure] {
            var figures = score.headline.map { [$0] } ?? []
            for column in columns {
                guard let figure = score.figure(column.figure),
                    !figures.contains(where: { $0.label == figure.label })
                else { continue }
                figures.append(figure)
            }
            return figures
        }
    }

    /// The model's name.
    public var model: String
    /// About the model.
    public var facts: [Fact]
    /// How it was asked.
    public var settings: [Fact]
    /// When, as it is to be shown.
    public var date: String
    /// The command line that made the report.
    public var command: String
    /// Versions, hashes, machine.
    public var provenance: [Fact]
    /// The benchmarks in the order of the report.
    public var results: [Result]
    /// Published results beside ours.
    public var references: ReferenceTable
    /// Models of ``references`` that the radar plot shows, at most three.
    public var plotted: [String]

    /// Makes a report.
    public init(
        model: String, facts: [Fact] = [], settings: [Fact] = [], date: String,
        command: String = "", provenance: [Fact] = [], results: [Result],
        references: ReferenceTable = PublishedResults.standard,
        plotted: [String] = ["Mipha-3B", "LLaVA-1.5-7B", "LLaVA-1.5-13B"]
    ) {
        self.model = model
        self.facts = facts
        self.settings = settings
        self.date = date
        self.command = command
        self.provenance = provenance
        self.results = results
        self.references = references
        self.plotted = plotted
    }

    /// Makes a report of finished runs from their scores files.
    ///
    /// - Throws: `EvaluationError` naming a file that is not a scores file.
    public init(model: String, date: String, scores paths: [String]) throws(EvaluationError) {
        var results: [Result] = []
        for path in paths {
            let score = try ScoreReport(contentsOf: path)
            if let card = BenchmarkCatalog.all.first(where: { $0.card.id == score.benchmark })?.card
            {
                results.append(Result(score: score, card: card))
            } else {
                results.append(Result(score: score, title: score.benchmark))
            }
        }
        self.init(model: model, date: date, results: results)
    }
}

extension EvaluationReport {
    /// The answers with the lowest scores, in turn from each part of the first kind of part.
    ///
    /// - Parameters:
    ///   - items: all answers, in order.
    ///   - questions: what was asked; answers to other questions are passed over.
    ///   - limit: how many are wanted.
    ///   - image: gives the small image of a question.
    /// - Returns: answers with a score below 1, the lowest first within a part.
    public static func worst(
        of items: [ScoredItem], questions: [Question], limit: Int = 12,
        picture: (Question) -> Picture? = { _ in nil }
    ) -> [WorstItem] {
        let asked = Dictionary(questions.map { ($0.id, $0) }) { first, _ in first }
        var places: [ExactString: Int] = [:]
        var parts: [[ScoredItem]] = []
        for item in items where item.score < 1 && asked[item.id] != nil {
            let part = ExactString(item.groups.first?.part ?? "")
            let place = places[part] ?? parts.count
            if place == parts.count {
                places[part] = place
                parts.append([])
            }
            parts[place].append(item)
        }
        parts = parts.map { part in
            part.enumerated().sorted {
                ($0.element.score, $0.offset) < ($1.element.score, $1.offset)
            }
            .map(\.element)
        }
        var chosen: [WorstItem] = []
        var rank = 0
        while chosen.count < limit, parts.contains(where: { rank < $0.count }) {
            for part in parts where rank < part.count && chosen.count < limit {
                let item = part[rank]
                guard let question = asked[item.id] else { continue }
                chosen.append(
                    WorstItem(
                        id: item.id, question: question.text, answer: item.prediction,
                        expected: item.expected.isEmpty ? question.expected : item.expected,
                        score: item.score, picture: picture(question)))
            }
            rank += 1
        }
        return chosen
    }
}
