import MiphaCheckpoints
import MiphaFiles
import MiphaNN

/// The rotary positions of a language model, as its config states them.
///
/// Both dialects are read: `rope_theta`, `partial_rotary_factor` and `rope_scaling` of transformers 4,
/// and `rope_parameters` of version 5, whose base and share count where both are there.
public struct RotarySettings: Sendable, Equatable {
    /// Base of the frequencies.
    public var theta: Double
    /// Share of each head's features that is rotated.
    public var fraction: Double
    /// The change of the frequencies for longer texts.
    public private(set) var scaling: StatedScaling?

    /// Creates settings without scaling.
    public init(theta: Double = 10000, fraction: Double = 1) {
        self.init(theta: theta, fraction: fraction, scaling: nil)
    }

    init(theta: Double, fraction: Double, scaling: StatedScaling?) {
        self.theta = theta
        self.fraction = fraction
        self.scaling = scaling
    }

    /// Reads the fields of a config.
    ///
    /// - Parameters:
    ///   - width: of a head.
    ///   - fraction: the share that is rotated where the config does not say.
    ///   - positions: of the model.
    /// - Throws: `CheckpointError` naming a field that is missing, wrong, or of a type that is not
    ///   computed here.
    init(
        _ reader: ConfigReader, headWidth width: Int, fraction: Double, positions: Int
    ) throws(CheckpointError) {
        let new = try reader.optionalObject("rope_parameters")
        let theta = try reader.double("rope_theta", default: 10000)
        let share = try reader.double("partial_rotary_factor", default: fraction)
        self.theta = try new?.double("rope_theta", default: theta) ?? theta
        self.fraction = try new?.double("partial_rotary_factor", default: share) ?? share
        guard self.theta > 0 else {
            throw (new?.has("rope_theta") == true ? new ?? reader : reader)
                .failure("rope_theta", expected: "a positive number")
        }
        guard (0...1).contains(self.fraction), rotatedWidth(of: width) >= 2,
            rotatedWidth(of: width) % 2 == 0
        else {
            throw reader.failure(
                "partial_rotary_factor",
                expected: "a share that rotates an even number of the \(width) features")
        }
        // The old object counts first, as in version 5.
        for object in [try reader.optionalObject("rope_scaling"), new] where scaling == nil {
            guard let object else { continue }
            scaling = try StatedScaling(
                object, in: reader, rotated: rotatedWidth(of: width), theta: self.theta,
                positions: positions)
        }
    }

    /// Number of rotated features of a head.
    func rotatedWidth(of headWidth: Int) -> Int { Int(fraction * Double(headWidth)) }

    /// The embedding of heads of a width.
    func embedding(headWidth: Int) -> RotaryEmbedding {
        RotaryEmbedding(
            width: rotatedWidth(of: headWidth), theta: theta, scaling: scaling?.rule)
    }

    /// `rope_scaling` in transformers 4.
    var oldScaling: JSONValue { scaling.map { .object($0.old) } ?? .null }

    /// The field of transformers 4 that belongs to `rope_scaling` and stands beside it.
    var oldPositions: JSONObject {
        guard let scaling, case .longrope(let rope) = scaling.rule else { return [:] }
        return ["original_max_position_embeddings": .integer(rope.positions)]
    }

    /// `rope_parameters` of transformers 5.
    ///
    /// - Parameter statesFraction: whether the family has a share of rotated features.
    func parameters(statesFraction: Bool) -> JSONObject {
        let fraction: JSONObject =
            statesFraction ? ["partial_rotary_factor": .double(self.fraction)] : [:]
        let more = scaling?.new ?? ["rope_type": "default"]
        let all = fraction.merging(["rope_theta": .double(theta)]).merging(more)
        return JSONObject(all.members.sorted { $0.key < $1.key })
    }
}
