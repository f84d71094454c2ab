import MiphaChat

extension PromptBuilder {
    /// The prompts of many requests; a picture that several show is read once.
    ///
    /// Pictures are read side by side on the shared pool.
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
        let pictures = await pictures(wanted)
        var charged: Set<ImageReference> = []
        return zip(requests, encoded).map { request, prompt in
            Result {
                let prompt = try prompt.get()
                var timings = ChatTimings()
                let values = try prompt.images.compactMap { reference -> [Float]? in
                    guard let picture = pictures[reference] else { return nil }
                    if charged.insert(reference).inserted {
                        timings.preprocessing += picture.seconds
                    }
                    return try picture.values.get()
                }
                return PreparedRequest(
                    prompt: GenerationPrompt(ids: prompt.ids, pictures: values),
                    sampling: request.sampling, timings: timings)
            }
        }
    }

    private struct ReadPicture: Sendable {
        var values: Result<[Float], any Error>
        var seconds = 0.0
    }

    private func pictures(
        _ references: Set<ImageReference>
    ) async -> [ImageReference: ReadPicture] {
        await withTaskGroup(of: (ImageReference, ReadPicture).self) { group in
            for reference in references {
                group.addTask {
                    var seconds = 0.0
                    let values = timed(&seconds) {
                        Result {
                            try Task.checkCancellation()
                            return try self.values(of: reference)
                        }
                    }
                    return (reference, ReadPicture(values: values, seconds: seconds))
                }
            }
            var pictures: [ImageReference: ReadPicture] = [:]
            for await (reference, picture) in group { pictures[reference] = picture }
            return pictures
        }
    }
}
