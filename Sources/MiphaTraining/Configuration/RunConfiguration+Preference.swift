import MiphaCheckpoints
import MiphaFiles

extension PreferenceOptions {
    /// Reads the keys of a run file; absent ones have their defaults.
    init(_ reader: ConfigReader) throws(CheckpointError) {
        self.init()
        objective = try reader.enumValue("preference_loss", default: objective)
        beta = try reader.bounded("beta", default: beta, limit: 1e6, includingZero: false)
        gamma = try reader.bounded("simpo_gamma", default: gamma, limit: 1e6, includingZero: true)
        smoothing = try reader.share("label_smoothing", default: smoothing)
        guard smoothing < 0.5 else {
            throw reader.failure("label_smoothing", expected: "a number from 0 to below 0.5")
        }
    }
}

extension RunConfiguration {
    var preferenceJSON: JSONObject {
        [
            "preference_loss": .string(preference.objective.rawValue),
            "beta": .double(preference.beta), "simpo_gamma": .double(preference.gamma),
            "label_smoothing": .double(preference.smoothing),
        ]
    }
}
