/// What MMMU's evaluation reads out of free answers.
///
/// Reference: MMMU-Benchmark/MMMU, `mmmu/utils/eval_utils.py`. Its random letter for answers
/// without any is not drawn here; the caller decides what such an answer counts.
package enum MMMUAnswers {
    /// A value that an open answer may mean.
    package enum Value: Sendable {
        /// A number, rounded to two decimals.
        case number(Double)
        /// A lower-cased text.
        case text(String)
    }

    /// The letter of a multiple-choice answer.
    package struct Choice: Sendable, Equatable {
        /// The letter that counts, nil when the answer names none.
        package var letter: String?
        /// How many different letters the answer names.
        package var candidates: Int
    }

    /// A lettered option.
    package struct Option: Sendable, Equatable {
        package let letter: String
        package let text: String

        package init(letter: String, text: String) {
            self.letter = letter
            self.text = text
        }
    }

    /// The options of a question.
    package struct Options: Sendable, Equatable {
        /// The letters, in the order of `all_choices`.
        package let letters: [String]
        /// Letters with texts, in the order of `index2ans`, which may be another.
        package let all: [Option]

        package init(letters: [String], all: [Option]) {
            self.letters = letters
            self.all = all
        }

        package init(_ options: [Option]) {
            self.init(letters: options.map(\.letter), all: options)
        }
    }

    /// Reads the letter of a multiple-choice answer.
    ///
    /// Looks for "(B)", then for "B" between spaces, then, in answers of more than five words, for
    /// the texts of options; of several letters the one that stands last counts.
    package static func choice(_ response: String, _ options: Options) -> Choice {
        var stripped = response
        for mark in [",", ".", "!", "?", ";", ":", "'"] {
            stripped = PythonText.strip(stripped, mark)
        }
        let padded = " " + stripped + " "
        let bytes = Array(padded.utf8)
        for (left, right) in [("(", ")"), (" ", " ")] {
            let places = options.letters.map { letter in
                (letter, lastPlace(of: Array((left + letter + right).utf8), in: bytes))
            }
            if let choice = last(of: places) { return choice }
        }
        guard PythonText.split(padded).count > 5 else { return Choice(letter: nil, candidates: 0) }
        let lower = Array(PythonText.lower(padded).utf8)
        let places = options.all.map { option in
            (option.letter, lastPlace(of: Array(PythonText.lower(option.text).utf8), in: lower))
        }
        return last(of: places) ?? Choice(letter: nil, candidates: 0)
    }

    private static func last(of places: [(letter: String, place: Int?)]) -> Choice? {
        var best: (letter: String, place: Int)?
        var count = 0
        for (letter, place) in places {
            guard let place else { continue }
            count += 1
            if place > best?.place ?? -1 { best = (letter, place) }
        }
        return best.map { Choice(letter: $0.letter, candidates: count) }
    }

    /// The start of the last occurrence; of an empty text the end.
    static func lastPlace(of wanted: [UInt8], in bytes: [UInt8]) -> Int? {
        guard let first = wanted.first else { return bytes.count }
        guard wanted.count <= bytes.count else { return nil }
        for place in stride(from: bytes.count - wanted.count, through: 0, by: -1)
        where bytes[place] == first && bytes[place..<place + wanted.count].elementsEqual(wanted) {
            return place
        }
        return nil
    }

    private static let indicators = [
        "could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ",
    ]
    private static let trivial = [":", ",", ".", "!", "?", ";", "'"]

    /// The values that an open answer may mean, each once.
    ///
    /// Of every line the shortest tail after one of a few key words, else the whole answer; beside
    /// it all numbers in it.
    package static func open(_ response: String) -> [Value] {
        let whole = PythonText.lower(PythonText.strip(PythonText.strip(response), "."))
        // The reference also splits after a full stop before a capital letter, of which
        // lower-cased text has none.
        let lines = PythonText.split(whole, "\n")
        var key: [String] = []
        for (index, line) in lines.enumerated() {
            let words = index == lines.count - 1 ? indicators + ["="] : indicators
            if let tail = shortestTail(of: line, behind: words),
                !trivial.contains(where: { PythonText.equal($0, tail) })
            {
                key.append(tail)
            }
        }
        if key.isEmpty { key = [whole] }
        var values: [Value] = []
        var seen: Set<[UInt8]> = []
        for text in key + key.flatMap({ PythonNumbers.all(in: $0) }) {
            for value in normalised(text) where seen.insert(identity(value)).inserted {
                values.append(value)
            }
        }
        return values
    }

    private static func shortestTail(of line: String, behind words: [String]) -> String? {
        let bytes = Array(line.utf8)
        var shortest = ""
        for word in words {
            let wanted = Array(word.utf8)
            guard let place = lastPlace(of: wanted, in: bytes) else { continue }
            let tail = PythonText.strip(
                String(decoding: bytes[(place + wanted.count)...], as: UTF8.self))
            if shortest.isEmpty
                || tail.unicodeScalars.count < shortest.unicodeScalars.count
            {
                shortest = tail
            }
        }
        return shortest.isEmpty ? nil : shortest
    }

    /// A number rounded to two decimals, or the lower-cased text; a single character becomes two
    /// texts with a space so that it is not part of any word.
    static func normalised(_ text: String) -> [Value] {
        let stripped = PythonText.strip(text)
        if let number = PythonText.float(PythonText.replace(stripped, ",", "")) {
            return [.number(PythonText.round(number, 2))]
        }
        let lower = PythonText.lower(stripped)
        if lower.unicodeScalars.count == 1 { return [.text(" " + lower), .text(lower + " ")] }
        return [.text(lower)]
    }

    private static func identity(_ value: Value) -> [UInt8] {
        switch value {
        case .number(let number): [0] + Array("\(number == 0 ? 0 : number)".utf8)
        case .text(let text): [1] + Array(text.utf8)
        }
    }

    /// Whether one of the values is right: a text that contains a right text, or a number that
    /// equals a right number.
    package static func isRight(_ values: [Value], expected: [String]) -> Bool {
        let right = expected.flatMap(normalised)
        return values.contains { value in
            right.contains { wanted in
                switch (value, wanted) {
                case (.text(let text), .text(let part)): PythonText.contains(text, part)
                case (.number(let left), .number(let other)): left == other
                default: false
                }
            }
        }
    }
}
