import MiphaImaging
import MiphaModels
import MiphaNN

/// The keys and values of the beginning that was read last, for prompts that begin the same way.
///
/// It holds one beginning, at most as long as the context; a new one takes its place.
public final class PrefixCache {
    private struct Entry {
        let ids: [Int]
        let images: [ImageID]
        let sequence: PagedSequence
    }

    private var entry: Entry?

    /// Creates an empty cache.
    public init() {}

    /// Keeps what was read of the first `count` ids of a prompt.
    func store(_ sequence: PagedSequence, of prompt: GenerationPrompt, count: Int) {
        let ids = Array(prompt.ids[..<count])
        let images = ids.count { $0 == MarkerID.image }
        entry = Entry(ids: ids, images: prompt.images[..<images].map(\.id), sequence: sequence)
    }

    /// Number of ids that the prompt has in common with what is kept.
    func commonCount(_ prompt: GenerationPrompt) -> Int {
        guard let entry else { return 0 }
        var image = 0
        for (place, (id, kept)) in zip(prompt.ids, entry.ids).enumerated() {
            guard id == kept else { return place }
            guard id == MarkerID.image else { continue }
            guard prompt.images[image].id == entry.images[image] else { return place }
            image += 1
        }
        return min(prompt.ids.count, entry.ids.count)
    }

    /// A text that begins with the first `length` positions of what is kept.
    func sequence(_ length: Int) -> PagedSequence? { entry?.sequence.fork(first: length) }
}
