import MiphaModels

/// What the prompts of a batch have in common.
///
/// Prompts are of one group when they are the same up to and including their last picture; prompts
/// without pictures form a group too.
struct PromptGroups {
    /// Prompts that share a beginning.
    struct Group {
        /// Numbers of the prompts.
        var rows: [Int]
        /// Ids, markers included, up to and including the last picture.
        let sharedCount: Int
    }

    private struct Key: Hashable {
        let ids: [Int]
        let pictures: [Int]
    }

    /// The distinct pictures, in the order of their first use.
    private(set) var pictures: [[Float]] = []
    /// For each prompt the numbers of its pictures.
    private(set) var pictureNumbers: [[Int]] = []
    /// The groups, in the order of their first prompt.
    private(set) var groups: [Group] = []

    init(_ prompts: [GenerationPrompt]) {
        var known: [Key: Int] = [:]
        for (row, prompt) in prompts.enumerated() {
            let numbers = prompt.pictures.map { number(of: $0) }
            pictureNumbers.append(numbers)
            let count = prompt.ids.lastIndex(of: MarkerID.image).map { $0 + 1 } ?? 0
            let key = Key(ids: Array(prompt.ids[..<count]), pictures: numbers)
            if let index = known[key] {
                groups[index].rows.append(row)
            } else {
                known[key] = groups.count
                groups.append(Group(rows: [row], sharedCount: count))
            }
        }
    }

    /// Copies of one array compare at once; different pictures differ early.
    private mutating func number(of picture: [Float]) -> Int {
        if let index = pictures.firstIndex(of: picture) { return index }
        pictures.append(picture)
        return pictures.count - 1
    }
}

extension [Int] {
    /// Number of elements at the start that are those of another list.
    func commonCount(_ other: [Int]) -> Int {
        zip(self, other).prefix { $0 == $1 }.count
    }
}

extension GenerationPrompt {
    /// Positions of the first `count` ids, or of all.
    func length(_ count: Int? = nil, tokensPerImage: Int) -> Int {
        let part = ids[..<(count ?? ids.count)]
        return part.count + part.count { $0 == MarkerID.image } * (tokensPerImage - 1)
    }
}
