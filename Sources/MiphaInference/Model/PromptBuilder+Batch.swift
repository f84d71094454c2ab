import MiphaChat
import MiphaImaging

extension PromptBuilder {
    /// The prompts of many requests; an image that several show is prepared once.
    ///
    /// Images are prepared side by side on the shared pool.
    ///
    /// - Returns: for each request its prompt, or the error that concerns it alone.
    @concurrent
    func prepare(_ requests: [ChatRequest]) async -> [Result<PreparedRequest, any Error>] {
        let encoded = requests.map { request in
            Result {
                try request.sampling.check()
                return try encoder().prompt(for: request.messages)
            }
        }
        var wanted: Set<ImageReference> = []
        for case .success(let prompt) in encoded { wanted.formUnion(prompt.images) }
        let known = await images(wanted)
        var charged: Set<ImageReference> = []
        return zip(requests, encoded).map { request, prompt in
            Result {
                let prompt = try prompt.get()
                var timings = ChatTimings()
                let images = try prompt.images.compactMap { reference -> PreparedImage? in
                    guard let found = known[reference] else { return nil }
                    if charged.insert(reference).inserted {
                        timings.preprocessing += found.seconds
                    }
                    return try found.image.get()
                }
                return PreparedRequest(
                    prompt: GenerationPrompt(ids: prompt.ids, images: images),
                    sampling: request.sampling, timings: timings)
            }
        }
    }

    private struct TimedImage: Sendable {
        var image: Result<PreparedImage, any Error>
        var seconds = 0.0
    }

    private func images(
        _ references: Set<ImageReference>
    ) async -> [ImageReference: TimedImage] {
        await withTaskGroup(of: (ImageReference, TimedImage).self) { group in
            for reference in references {
                group.addTask {
                    var seconds = 0.0
                    let image = timed(&seconds) {
                        Result {
                            try Task.checkCancellation()
                            return try self.image(of: reference)
                        }
                    }
                    return (reference, TimedImage(image: image, seconds: seconds))
                }
            }
            var images: [ImageReference: TimedImage] = [:]
            for await (reference, image) in group { images[reference] = image }
            return images
        }
    }
}
