import CMiphaImage

/// The fixed-point weights of one axis of a resampling, for all or some of its output elements.
///
/// For the element `i` of those that are wanted, `weights[i * taps + t]` with 22 fractional bits multiplies input element `first[i] + t`. The
/// arithmetic, in double precision with half-away rounding at the end, is that of Pillow's
/// `src/libImaging/Resample.c`, so the integers are the same.
struct ResampleAxis {
    let input: Int
    let output: Int
    let taps: Int
    let first: [Int32]
    let count: [Int32]
    let weights: [Int32]

    /// The largest number of weights of one axis, 512 MB of them.
    static let maximumWeights = 1 << 27

    /// Computes the weights.
    ///
    /// - Parameters:
    ///   - input: elements of the whole input.
    ///   - whole: elements of the whole output.
    ///   - part: the elements of the output that are wanted.
    init(
        input: Int, output whole: Int, part: Range<Int>, filter: ResampleFilter
    ) throws(ImagingError) {
        let output = part.count
        let scale = Double(input) / Double(whole)
        let stretch = max(scale, 1)
        let support = filter.support * stretch
        let taps = min(Int(support.rounded(.up)) * 2 + 1, input)
        let (total, overflow) = taps.multipliedReportingOverflow(by: output)
        guard !overflow, total <= Self.maximumWeights else {
            throw ImagingError(
                .limit,
                "resampling \(input) to \(output) pixels needs \(taps) weights for each, more than "
                    + "\(Self.maximumWeights) together")
        }
        var first = [Int32](repeating: 0, count: output)
        var count = [Int32](repeating: 0, count: output)
        var weights = [Int32](repeating: 0, count: total)
        var values = [Double](repeating: 0, count: taps)
        let step = 1 / stretch
        for index in 0..<output {
            let centre = (Double(part.lowerBound + index) + 0.5) * scale
            let start = max(Int(centre - support + 0.5), 0)
            let length = min(Int(centre + support + 0.5), input) - start
            var sum = 0.0
            for tap in 0..<length {
                let value = filter.weight(at: (Double(tap + start) - centre + 0.5) * step)
                values[tap] = value
                sum += value
            }
            for tap in 0..<length {
                let value = (sum != 0 ? values[tap] / sum : values[tap]) * Double(1 << 22)
                weights[index * taps + tap] = Int32(value < 0 ? value - 0.5 : value + 0.5)
            }
            first[index] = Int32(start)
            count[index] = Int32(length)
        }
        self.input = input
        self.output = output
        self.taps = taps
        self.first = first
        self.count = count
        self.weights = weights
    }

    /// Calls `body` with the axis in the form of the C layer.
    func withAxis<Result>(_ body: (UnsafePointer<mi_axis>) -> Result) -> Result {
        unsafe first.withUnsafeBufferPointer { first in
            unsafe count.withUnsafeBufferPointer { count in
                unsafe weights.withUnsafeBufferPointer { weights in
                    var axis = unsafe mi_axis(
                        input: Int32(input), output: Int32(output), taps: Int32(taps),
                        first: first.baseAddress, count: count.baseAddress,
                        weights: weights.baseAddress)
                    return unsafe withUnsafePointer(to: &axis) { unsafe body($0) }
                }
            }
        }
    }

    /// The input index of some output elements without weights, those of the filter `nearest`; the
    /// position accumulates as in Pillow.
    static func nearest(from input: Int, to output: Int, _ part: Range<Int>) -> [Int] {
        let scale = Double(input) / Double(output)
        var position = scale * 0.5
        var indices = [Int]()
        indices.reserveCapacity(part.count)
        for index in 0..<part.upperBound {
            if index >= part.lowerBound { indices.append(min(Int(position), input - 1)) }
            position += scale
        }
        return indices
    }
}
