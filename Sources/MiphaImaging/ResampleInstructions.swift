import CMiphaImage

/// The instruction sets of the resampler, which all give the same bytes.
package enum ResampleInstructions: String, Sendable, CaseIterable {
    case portable
    case avx2
    case avx512

    /// The best one of this processor.
    package static var best: ResampleInstructions {
        switch mi_resample_instructions() {
        case MI_AVX512_VNNI: .avx512
        case MI_AVX2: .avx2
        default: .portable
        }
    }

    var code: mi_instructions {
        switch self {
        case .portable: MI_PORTABLE
        case .avx2: MI_AVX2
        case .avx512: MI_AVX512_VNNI
        }
    }
}
