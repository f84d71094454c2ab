import MiphaCheckpoints
import MiphaFiles
public import MiphaNN

/// A scaling of rotary positions with the fields that state it.
public struct StatedScaling: Sendable, Equatable {
    /// What is computed.
    public let rule: RotaryScaling
    /// transformers' name of the rule.
    private let type: String
    /// The fields beside the type, the positions and those that are not of the scaling.
    private let fields: JSONObject

    /// Reads `rope_scaling` or `rope_parameters`.
    ///
    /// - Parameters:
    ///   - config: the config that it stands in.
    ///   - rotated: number of rotated features of a head.
    ///   - positions: of the model.
    /// - Returns: `nil` for positions that are not scaled.
    init?(
        _ reader: ConfigReader, in config: ConfigReader, rotated: Int, theta: Double,
        positions: Int
    ) throws(CheckpointError) {
        let key = reader.spelling("rope_type", "type")
        guard reader.has(key) else { return nil }
        let type = try reader.string(key)
        guard try reader.string("type", default: type) == type else {
            throw reader.failure("type", expected: "\(type), as rope_type says")
        }
        let source = ScalingReader(
            reader: reader, config: config, rotated: rotated, theta: theta,
            allPositions: positions)
        switch type {
        case "default": return nil
        case "linear": rule = .linear(factor: try source.factor())
        case "dynamic": rule = try source.dynamic()
        case "llama3": rule = .llama3(try source.llama3())
        case "yarn": rule = .yarn(try source.yarn())
        case "longrope", "su": rule = .longrope(try source.longrope())
        default:
            throw reader.failure(
                key, expected: "default, linear, dynamic, llama3, yarn or longrope")
        }
        self.type = type == "su" ? "longrope" : type
        let others = [
            "rope_type", "type", "rope_theta", "partial_rotary_factor", Self.positionsKey,
        ]
        fields = JSONObject(reader.object.members.filter { !others.contains($0.key) })
    }

    private static let positionsKey = "original_max_position_embeddings"

    /// The positions of the training before, where the type has them.
    private var positions: JSONObject {
        let count: Int
        switch rule {
        case .linear, .dynamic: return [:]
        case .llama3(let settings): count = settings.positions
        case .yarn(let yarn): count = yarn.positions
        case .longrope(let rope): count = rope.positions
        }
        return [Self.positionsKey: .integer(count)]
    }

    /// The object of transformers 4; the class of Phi-3, which has the positions beside it, counts its
    /// fields.
    var old: JSONObject {
        let key = type == "llama3" ? "rope_type" : "type"
        if case .longrope = rule { return fields.merging([key: .string(type)]) }
        return fields.merging(positions).merging([key: .string(type)])
    }

    /// The fields of `rope_parameters` of transformers 5.
    var new: JSONObject { fields.merging(positions).merging(["rope_type": .string(type)]) }
}

/// Reads the fields of the types of scaling.
private struct ScalingReader {
    let reader: ConfigReader
    let config: ConfigReader
    let rotated: Int
    let theta: Double
    /// The positions that the config as a whole has.
    let allPositions: Int

    private func positive(_ key: String) throws(CheckpointError) -> Double {
        let value = try reader.double(key)
        guard value > 0, value.isFinite else {
            throw reader.failure(key, expected: "a positive number")
        }
        return value
    }

    func factor() throws(CheckpointError) -> Double {
        let factor = try positive("factor")
        guard factor >= 1 else { throw reader.failure("factor", expected: "a number from 1") }
        return factor
    }

    /// The positions of the training before, which version 4 has beside the object in some families.
    private func positions() throws(CheckpointError) -> Int {
        let key = "original_max_position_embeddings"
        let place = reader.has(key) ? reader : config
        let positions = try place.int(key, default: allPositions)
        guard (2...1 << 30).contains(positions) else {
            throw place.failure(key, expected: "a number from 2 to \(1 << 30)")
        }
        return positions
    }

    /// The factor, or else the growth of the positions.
    private func growth(_ positions: Int) throws(CheckpointError) -> Double {
        reader.has("factor")
            ? try factor() : Double(allPositions) / Double(positions)
    }

    func dynamic() throws(CheckpointError) -> RotaryScaling {
        guard rotated > 2 else {
            throw reader.failure(
                reader.spelling("rope_type", "type"), expected: "more than two rotated features")
        }
        return .dynamic(factor: try factor(), positions: allPositions)
    }

    func llama3() throws(CheckpointError) -> RotaryScaling.Llama3 {
        let (low, high) = (try positive("low_freq_factor"), try positive("high_freq_factor"))
        guard high > low else {
            throw reader.failure("high_freq_factor", expected: "more than low_freq_factor \(low)")
        }
        return RotaryScaling.Llama3(
            factor: try factor(), lowFrequencyFactor: low, highFrequencyFactor: high,
            positions: try positions())
    }

    func yarn() throws(CheckpointError) -> RotaryScaling.YaRN {
        let (positions, all) = (try positions(), allPositions)
        guard reader.has("factor") || positions != all else {
            throw reader.failure("factor", expected: "a number from 1")
        }
        guard theta > 1 else {
            throw config.failure("rope_theta", expected: "more than 1, as yarn needs")
        }
        let factor = try growth(positions)
        let stated = try reader.optionalDouble("attention_factor")
        let (scale, divisor) = (
            try reader.double("mscale", default: 0), try reader.double("mscale_all_dim", default: 0)
        )
        let suggested =
            scale != 0 && divisor != 0
            ? RotaryScaling.YaRN.magnitude(of: factor, scale: scale)
                / RotaryScaling.YaRN.magnitude(of: factor, scale: divisor)
            : RotaryScaling.YaRN.magnitude(of: factor)
        return RotaryScaling.YaRN(
            factor: factor, positions: positions,
            betaFast: reader.has("beta_fast") ? try positive("beta_fast") : 32,
            betaSlow: reader.has("beta_slow") ? try positive("beta_slow") : 1,
            truncates: try reader.bool("truncate", default: true),
            magnitude: stated ?? suggested)
    }

    private func divisors(_ key: String) throws(CheckpointError) -> [Double] {
        let divisors = try reader.doubles(key)
        guard divisors.count == rotated / 2, divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw reader.failure(key, expected: "\(rotated / 2) positive numbers")
        }
        return divisors
    }

    func longrope() throws(CheckpointError) -> RotaryScaling.LongRoPE {
        let positions = try positions()
        let suggested = RotaryScaling.LongRoPE.magnitude(
            of: try growth(positions), positions: positions)
        return RotaryScaling.LongRoPE(
            short: try divisors("short_factor"), long: try divisors("long_factor"),
            positions: positions,
            magnitude: try reader.double("attention_factor", default: suggested))
    }
}
