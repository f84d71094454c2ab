import MiphaCheckpoints
import MiphaFiles

/// The layers in which a token sees only itself and the nearest tokens before it.
public struct AttentionWindow: Sendable, Equatable {
    /// Layers of a model.
    public enum Layers: Sendable, Equatable {
        /// All.
        case all
        /// Those of even numbers, from 0.
        case even
        /// Those from a number on.
        case from(Int)
    }

    /// Number of tokens that are seen, itself among them.
    public var width: Int
    /// The layers with the window.
    public var layers: Layers

    /// Creates a window.
    public init(width: Int, layers: Layers = .all) {
        self.width = width
        self.layers = layers
    }

    /// Reads a width; the key may be absent, which is the default, or null, which is none.
    ///
    /// - Throws: `CheckpointError` for a width below 1, or `layer_types` that say otherwise.
    init?(
        _ reader: ConfigReader, default width: Int?, layers: Layers = .all
    ) throws(CheckpointError) {
        let key = "sliding_window"
        let isNull = reader.object[key]?.isNull ?? false
        guard let width = try reader.optionalInt(key) ?? (isNull ? nil : width) else { return nil }
        guard (1...1 << 30).contains(width) else {
            throw reader.failure(key, expected: "a number from 1 to \(1 << 30), or null")
        }
        self.init(width: width, layers: layers)
    }

    /// The window of a layer; `nil`: it sees all tokens before.
    package func width(ofLayer layer: Int) -> Int? {
        switch layers {
        case .all: width
        case .even: layer % 2 == 0 ? width : nil
        case .from(let first): layer >= first ? width : nil
        }
    }
}

extension ConfigReader {
    /// Checks that `layer_types`, where they are stated, are those of a window.
    func requireLayerTypes(_ window: AttentionWindow?, count: Int) throws(CheckpointError) {
        let key = "layer_types"
        guard has(key) else { return }
        let expected = (0..<count).map {
            window?.width(ofLayer: $0) == nil ? "full_attention" : "sliding_attention"
        }
        guard try strings(key) == expected else {
            throw failure(key, expected: expected.joined(separator: ", "))
        }
    }
}
