public import MiphaFiles

extension MiphaConfig {
    /// The config file in a layout; fields that Mipha does not know survive in their own layout.
    ///
    /// - Parameter dtype: transformers' name of the stored element type, such as `bfloat16`.
    public func json(_ layout: CheckpointLayout, dtype: String) -> JSONValue {
        let kept = layout == self.layout ? source : JSONObject()
        switch layout {
        case .mipha: return .object(official(kept, dtype: dtype))
        case .llava: return .object(llava(kept, dtype: dtype))
        }
    }

    private func official(_ kept: JSONObject, dtype: String) -> JSONObject {
        let oldParts = kept["vision_config"]?.objectValue ?? JSONObject()
        let fresh: JSONObject = [
            "mm_vision_select_layer": .integer(vision.selectedLayer),
            "mm_vision_select_feature": "patch", "model_type": "mipha_vision_model",
            "vision_model_name_or_path": "siglip",
        ]
        let tower = fresh.merging(oldParts["vision_tower"]?.objectValue ?? JSONObject())
            .merging(vision.json)
        let oldProjector = oldParts["mm_projector"]?.objectValue ?? JSONObject()
        let parts = oldParts.merging([
            "vision_tower": .object(tower),
            "mm_projector": .object(oldProjector.merging(projector.json)),
        ])
        let architecture =
            language.fusesProjections ? "MiphaPhi15ForCausalLM" : "MiphaPhiForCausalLM"
        let defaults: JSONObject = [
            "mm_use_im_start_end": false, "mm_use_im_patch_token": false,
            "tokenizer_padding_side": "right", "bos_token_id": 50256, "eos_token_id": 50256,
        ]
        return defaults.merging(kept).merging(language.json).merging([
            "architectures": [.string(architecture)], "model_type": "mipha_phi",
            "image_aspect_ratio": .string(imageAspectRatio ?? "square"),
            "tokenizer_model_max_length": .integer(maximumLength),
            "torch_dtype": .string(dtype), "vision_config": .object(parts),
        ])
    }

    private func llava(_ kept: JSONObject, dtype: String) -> JSONObject {
        let kept = Self.typed(kept, dtype)
        let oldText = Self.typed(kept["text_config"]?.objectValue ?? JSONObject(), dtype)
        let oldTower = Self.typed(kept["vision_config"]?.objectValue ?? JSONObject(), dtype)
        let rope: JSONObject = [
            "partial_rotary_factor": .double(language.partialRotaryFactor),
            "rope_theta": .double(language.ropeTheta), "rope_type": "default",
        ]
        let text = oldText.merging(language.json).merging([
            "model_type": "phi", "rope_parameters": .object(rope),
        ])
        let tower = oldTower.merging(vision.json).merging(["model_type": "siglip_vision_model"])
        let ratio: JSONObject = imageAspectRatio.map { ["image_aspect_ratio": .string($0)] } ?? [:]
        return kept.merging(ratio).merging([
            "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava",
            "tokenizer_model_max_length": .integer(maximumLength),
            "image_seq_length": .integer(vision.patchCount),
            "image_token_index": .integer(imageTokenID ?? language.vocabularySize - 1),
            "multimodal_projector_bias": true, "projector_hidden_act": "gelu",
            "tie_word_embeddings": false, "torch_dtype": .string(dtype),
            "text_config": .object(text), "vision_config": .object(tower),
            "vision_feature_layer": .integer(vision.selectedLayer),
            "vision_feature_select_strategy": "full",
        ])
    }
    /// An object in which the element type, where it is stated, is that of the tensors; version 5 of
    /// transformers has another key for it.
    private static func typed(_ object: JSONObject, _ dtype: String) -> JSONObject {
        var typed = object
        for key in ["dtype", "torch_dtype"] where typed[key] != nil {
            typed[key] = .string(dtype)
        }
        return typed
    }
}
