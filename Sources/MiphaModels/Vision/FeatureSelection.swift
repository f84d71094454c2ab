public import MiphaCheckpoints

/// The tokens of a tower that are features, as `mm_vision_select_feature` has them.
public enum FeatureTokens: String, Sendable, CaseIterable {
    /// All but the first, which is the class token; register tokens are kept, as in LLaVA's code, which
    /// cuts the first only. All of a tower that has no class token.
    case patch
    /// All.
    case all = "cls_patch"
    /// Those of patches: neither class token nor registers, as timm's `get_intermediate_layers` has them.
    case patchOnly = "patch_only"
}

/// The state and the tokens of a tower that are its output, as a config selects them.
public struct FeatureSelection: Sendable {
    /// The object and key that name the state; its place is part of messages.
    let layer: (reader: ConfigReader, key: String)
    /// The tokens that are features.
    public let tokens: FeatureTokens

    /// Creates a selection.
    public init(_ reader: ConfigReader, key: String, tokens: FeatureTokens) {
        layer = (reader, key)
        self.tokens = tokens
    }

    /// Whether a class token is one of the features.
    var keepsClassToken: Bool { tokens == .all }

    /// The number of the state: 0 is the embeddings' output; -1 is the last block's.
    ///
    /// - Throws: `CheckpointError` when there is no such state, or it is that before all blocks.
    func selectedLayer(of layerCount: Int) throws(CheckpointError) -> Int {
        let (reader, key) = layer
        let selected = try reader.int(key, default: -2)
        let used = selected < 0 ? layerCount + 1 + selected : selected
        guard (1...layerCount).contains(used) else {
            throw reader.failure(
                key,
                expected: "a layer from 1 to \(layerCount) or from -\(layerCount) to -1, as "
                    + "num_hidden_layers is \(layerCount)"
                    + (reader.has(key) ? "" : " (-2 without the key)"))
        }
        return selected
    }
}
