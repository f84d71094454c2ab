import MiphaModels
import MiphaNN

/// A segment of the chain: what it allocates, and whether something it reads learns.
struct PlannedSegment {
    /// Places of the parameters that it reads.
    let places: Set<ParameterPlace>
    let learns: Bool
    let body: (PlannedTensor) -> PlannedTensor
}

/// The layers of a model, each as the operations it runs; the mirror of the types in MiphaModels.
struct PlannedModel {
    let config: MiphaConfig
    let operations: PlannedOperations
    /// The parameters by name.
    let parameters: [String: PlannedTensor]
    /// What is known of them, by name.
    let facts: [String: ParameterFact]
    /// The adapters' kind, if there are any.
    var adapters: AdapterPlan?
    /// Which matrices are held in few bits.
    var quantization: QuantizationPlan?

    // MARK: Parts of a segment

    private func parameter(_ name: String) -> PlannedTensor {
        parameters[name]
            ?? PlannedTensor(PlannedStorage(operations.heap, bytes: 0), count: 1, width: 4)
    }

    private func linear(_ path: String, _ inputs: Int, _ outputs: Int) -> PlannedLinear {
        var adapter: PlannedAdapter?
        if let down = parameters["\(path).lora_A.weight"],
            let up = parameters["\(path).lora_B.weight"]
        {
            adapter = PlannedAdapter(
                down: down, up: up, magnitude: parameters["\(path).lora_magnitude_vector"],
                rank: down.count / inputs, drops: adapters.map { $0.dropout > 0 } ?? false)
        }
        return PlannedLinear(
            weight: parameter("\(path).weight"), bias: parameters["\(path).bias"],
            inputs: inputs, outputs: outputs, adapter: adapter,
            isQuantized: facts["\(path).weight"].map { quantization?.covers($0) ?? false } ?? false)
    }

    private func norm(_ x: PlannedTensor, _ path: String) -> PlannedTensor {
        operations.norm(x, parameter("\(path).weight"), parameter("\(path).bias"))
    }

    private func feedForward(
        _ x: PlannedTensor, _ path: String, width: Int, inner: Int
    ) -> PlannedTensor {
        let second = linear("\(path).fc2", inner, width)
        let hidden = operations.linear(x, linear("\(path).fc1", width, inner))
        guard second.adapter != nil || second.isQuantized else {
            return operations.activatedLinear(hidden, second)
        }
        return operations.linear(operations.activate(hidden), second)
    }

    private func segment(
        _ places: Set<ParameterPlace>, _ body: @escaping (PlannedTensor) -> PlannedTensor
    ) -> PlannedSegment {
        PlannedSegment(places: places, learns: !learning(places).isEmpty, body: body)
    }

    /// The parameters of a segment that learn.
    func learning(_ segment: PlannedSegment) -> [PlannedTensor] {
        learning(segment.places)
    }

    private func learning(_ places: Set<ParameterPlace>) -> [PlannedTensor] {
        parameters.filter { name, tensor in
            tensor.isWantedLeaf && facts[name].map { places.contains($0.place) } ?? false
        }.map(\.value)
    }

    // MARK: Tower

    /// The chain from pixels to features, for `images` pictures.
    func towerSegments(_ images: Int) -> [PlannedSegment] {
        let vision = config.siglip
        let prefix = "model.vision_tower.vision_model"
        let embed = segment([ParameterPlace(.tower)]) { pixels in
            embedPatches(pixels, prefix, images)
        }
        let blocks = (0..<vision.usedLayerCount).map { index in
            let path = "\(prefix).encoder.layers.\(index)"
            return segment([ParameterPlace(.tower, .block(index))]) { towerBlock($0, path) }
        }
        return [embed] + blocks
    }

    private func embedPatches(
        _ pixels: PlannedTensor, _ prefix: String, _ images: Int
    ) -> PlannedTensor {
        let vision = config.siglip
        let input = operations.cast(pixels, to: operations.width)
        let weight = parameter("\(prefix).embeddings.patch_embedding.weight")
        let bias = parameter("\(prefix).embeddings.patch_embedding.bias")
        let places = parameter("\(prefix).embeddings.position_embedding.weight")
        let count = images * vision.grid.count * vision.hiddenSize
        let (kept, operations) = (input.storage, operations)
        let grid = operations.record(
            operations.tensor(count, operations.width), [weight, bias],
            { _ in
                withExtendedLifetime(kept) {
                    [
                        weight.needsGradient ? operations.tensor(weight.count, weight.width) : nil,
                        operations.biasGradient(bias),
                    ]
                }
            })
        let turned = operations.copy(grid)
        return operations.record(
            operations.tensor(count, operations.width), [turned, places],
            { gradient in
                [
                    gradient,
                    places.needsGradient ? operations.tensor(places.count, places.width) : nil,
                ]
            })
    }

    private func towerBlock(_ x: PlannedTensor, _ path: String) -> PlannedTensor {
        let vision = config.siglip
        let width = vision.hiddenSize
        let attended = operations.add(
            x, towerAttention(norm(x, "\(path).layer_norm1"), "\(path).self_attn"))
        let fed = feedForward(
            norm(attended, "\(path).layer_norm2"), "\(path).mlp", width: width,
            inner: vision.intermediateSize)
        return operations.add(attended, fed)
    }

    private func towerAttention(_ x: PlannedTensor, _ path: String) -> PlannedTensor {
        let width = config.siglip.hiddenSize
        let q = operations.linear(x, linear("\(path).q_proj", width, width))
        let k = operations.linear(x, linear("\(path).k_proj", width, width))
        let v = operations.linear(x, linear("\(path).v_proj", width, width))
        let mixed = operations.attend(
            q, k, v, heads: config.siglip.headCount, headWidth: config.siglip.headWidth, mask: 0)
        return operations.linear(mixed, linear("\(path).out_proj", width, width))
    }

    // MARK: Language

    /// The segment that puts words and pictures together.
    func spliceSegment(_ batch: PlannedBatch) -> PlannedSegment {
        let hasPictures = batch.pictures > 0
        let words = ParameterPlace(.language)
        return segment(hasPictures ? [words, ParameterPlace(.projector)] : [words]) { features in
            splice(batch, hasPictures ? project(features) : nil)
        }
    }

    private func project(_ features: PlannedTensor) -> PlannedTensor {
        let projector = config.projector
        switch projector.kind {
        case .identity: return features
        case .linear:
            return operations.linear(
                features,
                linear("model.mm_projector", projector.inputSize, projector.outputSize))
        case .mlp(let depth):
            var state = operations.linear(
                features,
                linear("model.mm_projector.0", projector.inputSize, projector.outputSize))
            for index in 1..<max(1, depth) {
                state = operations.linear(
                    operations.activate(state),
                    linear(
                        "model.mm_projector.\(2 * index)", projector.outputSize,
                        projector.outputSize))
            }
            return state
        }
    }

    private func splice(_ batch: PlannedBatch, _ features: PlannedTensor?) -> PlannedTensor {
        let width = config.phi.hiddenSize
        var words = operations.embed(
            parameter("model.embed_tokens.weight"), rows: batch.words, of: width)
        if let update = tableUpdate(rows: batch.words) { words = operations.add(words, update) }
        let zero = operations.tensor(width, operations.width)
        let table = operations.concatenate([words] + (features.map { [$0] } ?? []) + [zero])
        return operations.select(table, rows: batch.positions, of: width)
    }

    /// What an adapter of the embedding table adds to rows.
    private func tableUpdate(rows: Int) -> PlannedTensor? {
        let (path, width) = ("model.embed_tokens", config.phi.hiddenSize)
        guard let down = parameters["\(path).lora_embedding_A"],
            let up = parameters["\(path).lora_embedding_B"]
        else { return nil }
        let rank = up.count / width
        let inner = operations.embed(
            operations.cast(down, to: operations.width), rows: rows, of: rank)
        let matrix = PlannedLinear(
            weight: operations.cast(up, to: operations.width), bias: nil, inputs: rank,
            outputs: width)
        return operations.product(inner, matrix)
    }

    /// The decoder blocks.
    func decoderSegments(_ batch: PlannedBatch, masks: Bool) -> [PlannedSegment] {
        (0..<config.phi.layerCount).map { index in
            let path = "model.layers.\(index)"
            return segment([ParameterPlace(.language, .block(index))]) {
                decoderBlock($0, path, batch, masks: masks)
            }
        }
    }

    private func decoderBlock(
        _ x: PlannedTensor, _ path: String, _ batch: PlannedBatch, masks: Bool
    ) -> PlannedTensor {
        let language = config.phi
        let h = norm(x, "\(path).input_layernorm")
        var attended = decoderAttention(h, "\(path).self_attn", batch, masks: masks)
        var fed = feedForward(
            h, "\(path).mlp", width: language.hiddenSize, inner: language.intermediateSize)
        if language.residualDropout > 0, operations.isTraining {
            attended = operations.dropout(attended)
            fed = operations.dropout(fed)
        }
        return operations.add(operations.add(attended, fed), x)
    }

    private func decoderAttention(
        _ x: PlannedTensor, _ path: String, _ batch: PlannedBatch, masks: Bool
    ) -> PlannedTensor {
        let language = config.phi
        let width = language.hiddenSize
        let parts = projections(x, path)
        let q = operations.rotate(parts.q)
        let k = operations.rotate(parts.k)
        let mixed =
            batch.rows < batch.lengths.count
            ? operations.attend(
                q, k, parts.v, documents: batch.lengths, headWidth: language.headWidth,
                rowWidth: width)
            : operations.attend(
                q, k, parts.v, heads: language.headCount, headWidth: language.headWidth,
                mask: masks ? batch.positions * batch.columns : 0)
        return operations.linear(mixed, linear("\(path).dense", width, width))
    }

    private func projections(
        _ x: PlannedTensor, _ path: String
    ) -> (q: PlannedTensor, k: PlannedTensor, v: PlannedTensor) {
        let width = config.phi.hiddenSize
        guard config.phi.fusesProjections else {
            return (
                operations.linear(x, linear("\(path).q_proj", width, width)),
                operations.linear(x, linear("\(path).k_proj", width, width)),
                operations.linear(x, linear("\(path).v_proj", width, width))
            )
        }
        let all = operations.linear(x, linear("\(path).query_key_value", width, 3 * width))
        // Views of the whole; each one's gradient is put into a whole one of zeros.
        func part() -> PlannedTensor {
            let view = PlannedTensor(all.storage, count: x.count, width: x.width)
            return operations.record(view, [all]) { [operations] gradient in
                [operations.tensor(3 * gradient.count, gradient.width)]
            }
        }
        return (part(), part(), part())
    }

    /// The final norm, head and loss on the supervised positions.
    func lossSegment(_ batch: PlannedBatch) -> PlannedSegment {
        let width = config.phi.hiddenSize
        return segment([ParameterPlace(.language, .output), ParameterPlace(.head)]) { hidden in
            let chosen = operations.select(hidden, rows: batch.supervised, of: width)
            let states = norm(chosen, "model.final_layernorm")
            let head = linear("lm_head", width, config.phi.vocabularySize)
            guard head.adapter != nil else { return operations.crossEntropy(states, head) }
            return operations.crossEntropy(operations.linear(states, head))
        }
    }
}
