package import MiphaTorch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A change of rotary frequencies by which a model reads longer texts than it began with.
///
/// The rules and the order of their operations are those of transformers'
/// `modeling_rope_utils.py`.
public enum RotaryScaling: Sendable, Hashable {
    /// All frequencies are divided by `factor`.
    case linear(factor: Double)
    /// The base grows with texts that are longer than `positions`, of those that are read together
    /// with the longest.
    case dynamic(factor: Double, positions: Int)
    /// Low frequencies are divided, those between low and high in part.
    case llama3(Llama3)
    /// A ramp between plain and divided frequencies, and a magnitude.
    case yarn(YaRN)
    /// A divisor for each frequency: one list for short texts, another for long ones, and a
    /// magnitude.
    case longrope(LongRoPE)

    /// The settings of Llama 3.1.
    public struct Llama3: Sendable, Hashable {
        /// Divisor of low frequencies.
        public var factor: Double
        /// Turns within the original positions below which a frequency is low.
        public var lowFrequencyFactor: Double
        /// Turns within the original positions from which a frequency is high.
        public var highFrequencyFactor: Double
        /// Number of positions of the training before.
        public var positions: Int

        /// Creates settings.
        public init(
            factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double,
            positions: Int
        ) {
            self.factor = factor
            self.lowFrequencyFactor = lowFrequencyFactor
            self.highFrequencyFactor = highFrequencyFactor
            self.positions = positions
        }
    }

    /// The settings of YaRN.
    public struct YaRN: Sendable, Hashable {
        /// Divisor of low frequencies.
        public var factor: Double
        /// Number of positions of the training before.
        public var positions: Int
        /// Turns within those positions from which a frequency stays.
        public var betaFast: Double
        /// Turns below which it is divided as a whole.
        public var betaSlow: Double
        /// Whether the ends of the ramp are whole numbers of frequencies.
        public var truncates: Bool
        /// Factor of cosines and sines.
        public var magnitude: Double

        /// Creates settings.
        public init(
            factor: Double, positions: Int, betaFast: Double, betaSlow: Double, truncates: Bool,
            magnitude: Double
        ) {
            self.factor = factor
            self.positions = positions
            self.betaFast = betaFast
            self.betaSlow = betaSlow
            self.truncates = truncates
            self.magnitude = magnitude
        }
    }

    /// The settings of LongRoPE.
    public struct LongRoPE: Sendable, Hashable {
        /// Divisors in texts of up to `positions`, one for each frequency.
        public var short: [Double]
        /// Divisors in longer texts.
        public var long: [Double]
        /// Number of positions of the training before.
        public var positions: Int
        /// Factor of cosines and sines.
        public var magnitude: Double

        /// Creates settings.
        public init(short: [Double], long: [Double], positions: Int, magnitude: Double) {
            self.short = short
            self.long = long
            self.positions = positions
            self.magnitude = magnitude
        }
    }

    /// Factor of cosines and sines.
    package var magnitude: Double {
        switch self {
        case .linear, .dynamic, .llama3: 1
        case .yarn(let yarn): yarn.magnitude
        case .longrope(let rope): rope.magnitude
        }
    }

    /// The smallest length whose frequencies are those of a length.
    func representative(of length: Int) -> Int {
        switch self {
        case .linear, .llama3, .yarn: 1
        case .dynamic(_, let positions): max(length, positions)
        case .longrope(let rope): length > rope.positions ? rope.positions + 1 : 1
        }
    }

    /// The frequencies in a text of a length, one for each pair of features.
    ///
    /// - Parameters:
    ///   - width: number of rotated features.
    ///   - theta: base of the plain frequencies.
    package func frequencies(
        width: Int, theta: Double, length: Int
    ) throws(TensorError) -> [Float] {
        func plain(_ theta: Double) throws(TensorError) -> [Float] {
            try Functions.rotaryFrequencies(rotary: width, theta: theta, device: .cpu).values()
        }
        switch self {
        case .linear(let factor): return try plain(theta).map { $0 / Float(factor) }
        case .dynamic(let factor, let positions):
            let share = factor * Double(max(length, positions)) / Double(positions)
            let exponent = Double(width) / Double(width - 2)
            return try plain(theta * pow(share - (factor - 1), exponent))
        case .llama3(let settings): return try plain(theta).map(settings.scaled)
        case .yarn(let yarn): return try yarn.scaled(plain(theta), width: width, theta: theta)
        case .longrope(let rope):
            let divisors = length > rope.positions ? rope.long : rope.short
            return zip(try plain(theta), divisors).map { 1 / (Float($1) / $0) }
        }
    }
}

extension RotaryScaling.Llama3 {
    fileprivate func scaled(_ frequency: Float) -> Float {
        let wavelength = Float(2 * Double.pi) / frequency
        let original = Double(positions)
        if Double(wavelength) > original / lowFrequencyFactor { return frequency / Float(factor) }
        if Double(wavelength) < original / highFrequencyFactor { return frequency }
        let turns = Float(original) / wavelength
        let smooth =
            (turns - Float(lowFrequencyFactor)) / Float(highFrequencyFactor - lowFrequencyFactor)
        return (1 - smooth) * frequency / Float(factor) + smooth * frequency
    }
}

extension RotaryScaling.YaRN {
    /// The magnitude that the authors suggest for a factor.
    public static func magnitude(of factor: Double, scale: Double = 1) -> Double {
        factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
    }

    /// The number of a frequency, not a whole one, that turns so many times within the original
    /// positions.
    private func place(turns: Double, width: Int, theta: Double) -> Double {
        Double(width) * log(Double(positions) / (turns * 2 * .pi)) / (2 * log(theta))
    }

    fileprivate func scaled(_ plain: [Float], width: Int, theta: Double) -> [Float] {
        var low = place(turns: betaFast, width: width, theta: theta)
        var high = place(turns: betaSlow, width: width, theta: theta)
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(width - 1)))
        if low == high { high += 0.001 }
        return plain.enumerated().map { number, frequency in
            let ramp = min(max((Float(number) - Float(low)) / Float(high - low), 0), 1)
            let kept = 1 - ramp
            return frequency / Float(factor) * (1 - kept) + frequency * kept
        }
    }
}

extension RotaryScaling.LongRoPE {
    /// The magnitude that the authors suggest for a growth of the positions.
    public static func magnitude(of factor: Double, positions: Int) -> Double {
        factor <= 1 ? 1 : (1 + log(factor) / log(Double(positions))).squareRoot()
    }
}
