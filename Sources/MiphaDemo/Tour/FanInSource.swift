import MiphaNN
import MiphaTorch

/// Random parameters for a tiny model that is trained from nothing.
///
/// The families' own start, N(0, 0.02), fits widths of thousands; at a width of 128 it is too small
/// to learn from quickly. Matrices start at a deviation of `1 / sqrt(inputs)`, those that end a
/// residual branch smaller by `sqrt(2 * layers)`, the table of words at 0.1. What the tower starts
/// from is larger: patches at `10 / sqrt(inputs)`, since pixels are small (0.3 on average), and
/// positions at 1. Smaller, the tower's layers stay nearly linear, and outlines and places are
/// learned late or, with some seeds, not at all.
struct FanInSource: ParameterSource {
    let generator: RandomGenerator
    let layers: Int

    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        guard case .normal = initializer else {
            return try InitializerSource(generator: generator, device: .cpu)
                .parameter(fact, shape: shape, initializer: initializer)
        }
        return try .normal(shape, deviation: deviation(fact, shape), generator: generator)
    }

    func leftover(besides used: Set<String>) -> [String] { [] }

    private func deviation(_ fact: ParameterFact, _ shape: [Int]) -> Double {
        let inputs = Double(shape.dropFirst().reduce(1, *))
        switch (fact.part, fact.role) {
        case (.tower, .embedding): return 1
        case (.tower, .kernel): return 10 / inputs.squareRoot()
        case (.language, .embedding): return 0.1
        case (.head, _): return 0.02
        default:
            let branches = fact.endsResidual ? Double(2 * layers).squareRoot() : 1
            return 1 / inputs.squareRoot() / branches
        }
    }
}
