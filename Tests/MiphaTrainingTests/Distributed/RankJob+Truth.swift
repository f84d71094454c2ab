import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining

extension RankJob {
    /// The weights after the same updates computed in float64 throughout, each of one batch.
    func truth() throws -> [String: [Float]] {
        let folder = try TemporaryFolder()
        let start = try folder.folder("start")
        try model().model.save(to: start)
        let tiny = TinyModel(
            model: try MiphaModel(
                folder: start, dtype: .float64, device: .cpu, use: .training))
        try tiny.model.store.train(where: trains)
        var moments: [String: (first: [Double], second: [Double])] = [:]
        for step in 0..<steps {
            var batch = try MiphaBatch(joining: rows(tiny, step: step))
            batch.pixels = try batch.pixels?.to(dtype: .float64)
            let chain = try tiny.model.lossChain(batch, dropout: nil)
            _ = try SegmentedBackward()(
                chain, scale: 1 / Double(batch.supervisedCount))
            var gradients: [String: [Double]] = [:]
            for (name, tensor) in tiny.model.store.parameters {
                gradients[name] = try tensor.gradient()?.values(as: Double.self)
                try tensor.setGradient(nil)
            }
            let norm = gradients.values.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
            for (name, tensor) in tiny.model.store.parameters {
                guard let own = gradients[name] else { continue }
                var weights = try tensor.values(as: Double.self)
                let zeros = [Double](repeating: 0, count: own.count)
                var moment = moments[name] ?? (zeros, zeros)
                let decay = name.hasSuffix(".bias") ? 0 : 0.01
                for place in own.indices {
                    let gradient = own[place] / max(norm, 1)
                    let first = 0.9 * moment.first[place] + 0.1 * gradient
                    let second = 0.98 * moment.second[place] + 0.02 * gradient * gradient
                    (moment.first[place], moment.second[place]) = (first, second)
                    let (a, b) = (1 - power(0.9, step + 1), 1 - power(0.98, step + 1))
                    weights[place] *= 1 - 1e-3 * decay
                    weights[place] -= 1e-3 * (first / a) / ((second / b).squareRoot() + 1e-7)
                }
                moments[name] = moment
                try withoutGradients {
                    try tensor.assign(Tensor(weights).reshaped(tensor.shape))
                }
            }
        }
        var values: [String: [Float]] = [:]
        for (name, tensor) in tiny.model.store.parameters {
            values[name] = try tensor.values(as: Float.self)
        }
        return values
    }

    private func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }
}
