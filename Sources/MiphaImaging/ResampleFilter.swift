import Foundation

/// The resampling filters, with Pillow's numbers as raw values.
public enum ResampleFilter: Int, Sendable, CaseIterable {
    /// The nearest input pixel.
    case nearest = 0
    /// A windowed sinc of three lobes.
    case lanczos = 1
    /// A triangle.
    case bilinear = 2
    /// The cubic convolution with a = -1/2.
    case bicubic = 3
    /// The mean of the covered input pixels.
    case box = 4
    /// A sinc under a Hamming window.
    case hamming = 5

    /// Half the width of the filter in input pixels at scale 1.
    var support: Double {
        switch self {
        case .nearest: 0
        case .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The filter's value at a distance from its centre.
    func weight(at distance: Double) -> Double {
        switch self {
        case .nearest:
            return 0
        case .box:
            return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear:
            let x = abs(distance)
            return x < 1 ? 1 - x : 0
        case .hamming:
            return Self.hamming(abs(distance))
        case .bicubic:
            return Self.cubic(abs(distance))
        case .lanczos:
            guard distance >= -3, distance < 3 else { return 0 }
            return Self.sinc(distance) * Self.sinc(distance / 3)
        }
    }

    private static func sinc(_ distance: Double) -> Double {
        if distance == 0 { return 1 }
        let angle = distance * Double.pi
        return sin(angle) / angle
    }

    private static func hamming(_ x: Double) -> Double {
        if x == 0 { return 1 }
        if x >= 1 { return 0 }
        let angle = x * Double.pi
        // Pillow's window has single-precision constants.
        return sin(angle) / angle * (Double(Float(0.54)) + Double(Float(0.46)) * cos(angle))
    }

    private static func cubic(_ x: Double) -> Double {
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }
}
