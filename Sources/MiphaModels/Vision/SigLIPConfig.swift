public import MiphaCheckpoints
import MiphaFiles

/// Shape of a SigLIP vision tower (transformers `SiglipVisionConfig`).
public struct SigLIPConfig: Sendable, Equatable {
    /// Width of the hidden state.
    public var hiddenSize: Int
    /// Width inside the feed-forward layers.
    public var intermediateSize: Int
    /// Number of blocks stored, of which the last ones may go unused.
    public var layerCount: Int
    /// Number of attention heads.
    public var headCount: Int
    /// Number of colour channels.
    public var channelCount: Int
    /// Side of the square input in pixels.
    public var imageSize: Int
    /// Side of a patch in pixels.
    public var patchSize: Int
    /// Non-linearity of the feed-forward layers.
    public var activation: Activation
    /// Epsilon of the layer norms.
    public var layerNormEpsilon: Double
    /// Whether the checkpoint holds the attention pooling head, which Mipha never runs.
    public var hasPoolingHead: Bool
    /// Which hidden state is the output: `-2` is the state before the last block.
    public var selectedLayer: Int

    /// Patches along one side; pixels that do not fill a patch are ignored.
    public var gridSize: Int { imageSize / patchSize }
    /// Number of feature vectors for one picture.
    public var patchCount: Int { gridSize * gridSize }
    /// Width of one attention head.
    public var headWidth: Int { hiddenSize / headCount }
    /// Number of blocks that influence the output.
    public var usedLayerCount: Int {
        selectedLayer < 0 ? layerCount + 1 + selectedLayer : selectedLayer
    }

    /// Creates a config; the values left out are those of `google/siglip-so400m-patch14-384`.
    public init(
        hiddenSize: Int = 1152, intermediateSize: Int = 4304, layerCount: Int = 27,
        headCount: Int = 16, channelCount: Int = 3, imageSize: Int = 384, patchSize: Int = 14,
        activation: Activation = .geluTanh, layerNormEpsilon: Double = 1e-6,
        hasPoolingHead: Bool = true, selectedLayer: Int = -2
    ) {
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.channelCount = channelCount
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.activation = activation
        self.layerNormEpsilon = layerNormEpsilon
        self.hasPoolingHead = hasPoolingHead
        self.selectedLayer = selectedLayer
    }

    /// Reads transformers' or Mipha's field names; defaults are those of `SiglipVisionConfig`.
    ///
    /// - Parameter selection: an object and its key for the selected layer, used when the first object
    ///   has no `mm_vision_select_layer`.
    public init(
        _ reader: ConfigReader, selection: (reader: ConfigReader, key: String)? = nil
    ) throws(CheckpointError) {
        let own = (reader: reader, key: "mm_vision_select_layer")
        let selection = reader.has(own.key) ? own : selection ?? own
        self.init(
            hiddenSize: try reader.int("hidden_size", default: 768),
            intermediateSize: try reader.int("intermediate_size", default: 3072),
            layerCount: try reader.int("num_hidden_layers", default: 12),
            headCount: try reader.int("num_attention_heads", default: 12),
            channelCount: try reader.int("num_channels", default: 3),
            imageSize: try reader.int("image_size", default: 224),
            patchSize: try reader.int("patch_size", default: 16),
            activation: try reader.enumValue(
                "hidden_act", default: .geluTanh),
            layerNormEpsilon: try reader.double("layer_norm_eps", default: 1e-6),
            hasPoolingHead: try reader.bool("vision_use_head", default: true),
            selectedLayer: try selection.reader.int(selection.key, default: -2))
        try validate(reader)
        guard (1...layerCount).contains(usedLayerCount) else {
            throw selection.reader.failure(
                selection.key,
                expected: "a layer from 1 to \(layerCount) or from -\(layerCount) to -1, as "
                    + "num_hidden_layers is \(layerCount)"
                    + (selection.reader.has(selection.key) ? "" : " (-2 without the key)"))
        }
    }

    private func validate(_ reader: ConfigReader) throws(CheckpointError) {
        let positive = [
            ("hidden_size", hiddenSize), ("intermediate_size", intermediateSize),
            ("num_hidden_layers", layerCount), ("num_attention_heads", headCount),
            ("num_channels", channelCount), ("image_size", imageSize), ("patch_size", patchSize),
        ]
        for (key, value) in positive where !(1...1 << 20).contains(value) {
            throw reader.failure(key, expected: "a number from 1 to \(1 << 20)")
        }
        guard layerCount <= 1024 else {
            throw reader.failure("num_hidden_layers", expected: "at most 1024")
        }
        guard hiddenSize % headCount == 0 else {
            throw reader.failure(
                "num_attention_heads", expected: "a divisor of hidden_size \(hiddenSize)")
        }
        guard patchSize <= imageSize else {
            throw reader.failure("patch_size", expected: "at most image_size \(imageSize)")
        }
    }

    /// The fields in transformers' names.
    var json: JSONObject {
        [
            "hidden_size": .integer(hiddenSize), "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_channels": .integer(channelCount), "image_size": .integer(imageSize),
            "patch_size": .integer(patchSize), "hidden_act": .string(activation.rawValue),
            "layer_norm_eps": .double(layerNormEpsilon), "attention_dropout": .double(0),
            "vision_use_head": .bool(hasPoolingHead),
        ]
    }
}
