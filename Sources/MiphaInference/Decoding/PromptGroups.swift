import MiphaImaging
import MiphaModels

/// The common beginnings of the prompts of a batch.
///
/// Prompts are of one group when they are the same up to and including their last image; prompts
/// without images form a group too.
struct PromptGroups {
    /// Prompts that share a beginning.
    struct Group {
        /// Numbers of the prompts.
        var rows: [Int]
        /// Ids, markers included, up to and including the last image.
        let sharedCount: Int
    }

    private struct Key: Hashable {
        let ids: [Int]
        let images: [Int]
    }

    /// The distinct images, in the order of their first use.
    private(set) var images: [PreparedImage] = []
    /// For each prompt the numbers of its images.
    private(set) var imageNumbers: [[Int]] = []
    /// The groups, in the order of their first prompt.
    private(set) var groups: [Group] = []

    init(_ prompts: [GenerationPrompt]) {
        var known: [Key: Int] = [:]
        var numbersByID: [ImageID: Int] = [:]
        for (row, prompt) in prompts.enumerated() {
            let numbers = prompt.images.map { image in
                if let number = numbersByID[image.id] { return number }
                numbersByID[image.id] = images.count
                images.append(image)
                return images.count - 1
            }
            imageNumbers.append(numbers)
            let count = prompt.ids.lastIndex(of: MarkerID.image).map { $0 + 1 } ?? 0
            let key = Key(ids: Array(prompt.ids[..<count]), images: numbers)
            if let index = known[key] {
                groups[index].rows.append(row)
            } else {
                known[key] = groups.count
                groups.append(Group(rows: [row], sharedCount: count))
            }
        }
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
