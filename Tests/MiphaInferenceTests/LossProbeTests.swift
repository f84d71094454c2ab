import MiphaChat
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

@Suite struct LossProbeTests {
    private let folder = PackagePaths.fixture("goldens/square")

    private func samples() throws -> [(sample: EncodedSample, images: [PreparedImage])] {
        let inputs = try GoldenFile("square/inputs.safetensors")
        let pixels = try inputs.floats("pixel_values")
        let size = 3 * 17 * 17
        let images = try (0..<3).map {
            let values = Array(pixels[$0 * size..<($0 + 1) * size])
            return PreparedImage(try PixelBlock(height: 17, width: 17, values: values))
        }
        let (ids, labels) = (try inputs.rows("ids"), try inputs.rows("labels"))
        return [
            (EncodedSample(ids: ids[0], labels: labels[0]), [images[0]]),
            (EncodedSample(ids: ids[1], labels: labels[1]), [images[1], images[2]]),
        ]
    }

    @Test func `losses and gradients of samples add up to those of the reference's batch`() throws {
        let samples = try samples()
        let counts = samples.map { Float($0.sample.supervisedCount) }
        let total = counts.reduce(0, +)
        var loss: Float = 0
        var gradients: [String: [Float]] = [:]
        for ((sample, images), count) in zip(samples, counts) {
            var probe = try LossProbe(
                MiphaModel(folder: folder, use: .training), sampleCount: 1, gradients: true)
            loss += try probe.add(sample, images: images) * count / total
            for (name, tensor) in try probe.tensors() where name.hasPrefix("grad.") {
                let values: [Float] = try tensor.values()
                let former = gradients[name] ?? values.map { _ in 0 }
                gradients[name] = zip(former, values).map { $0 + $1 * count / total }
            }
        }
        let expected = try GoldenFile("square/expected.safetensors").scalar("loss")
        #expect(abs(loss - expected) < 1e-5)
        let golden = try GoldenFile("square/gradients.safetensors")
        let names = golden.names.filter { $0.hasPrefix("grad.") }
        #expect(Set(names) == Set(gradients.keys))
        let largest = try names.flatMap { try golden.floats($0) }.map(abs).max() ?? 0
        for name in names {
            let comparison = Comparison(
                name, gradients[name] ?? [], try golden.floats(name),
                Tolerance(relative: 2e-5, absolute: 2e-6 * largest))
            #expect(comparison.passes, "\(comparison)")
        }
    }

    @Test func `gradients of several samples are those of the mean of their losses`() throws {
        let samples = try samples()
        var together = try LossProbe(
            MiphaModel(folder: folder, use: .training), sampleCount: 2, gradients: true)
        for (sample, images) in samples { try together.add(sample, images: images) }
        var sums: [Float] = []
        for (sample, images) in samples {
            var alone = try LossProbe(
                MiphaModel(folder: folder, use: .training), sampleCount: 1, gradients: true)
            try alone.add(sample, images: images)
            let values = try gradient("grad.lm_head.weight", alone)
            sums = sums.isEmpty ? values : zip(sums, values).map(+)
        }
        let comparison = Comparison(
            "mean", try gradient("grad.lm_head.weight", together), sums.map { $0 / 2 },
            .of(.sameModel))
        #expect(comparison.passes, "\(comparison)")
        let losses: [Float] = try together.tensors()[0].tensor.values()
        #expect(losses.count == 2)
    }

    @Test func `a sample with nothing to learn has loss zero`() throws {
        let (sample, images) = try samples()[0]
        var probe = try LossProbe(MiphaModel(folder: folder), sampleCount: 1, gradients: false)
        let silent = EncodedSample(ids: sample.ids, labels: sample.ids.map { _ in -100 })
        #expect(try probe.add(silent, images: images) == 0)
        #expect(try probe.add(sample, images: images) > 0)
    }

    private func gradient(_ name: String, _ probe: LossProbe) throws -> [Float] {
        for (found, tensor) in try probe.tensors() where found == name {
            return try tensor.values()
        }
        return []
    }
}
