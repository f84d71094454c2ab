internal import CMiphaTorch

extension Functions {
    /// Images at another size, by cubic interpolation without aligned corners.
    ///
    /// Without `antialiases` the kernel has a = -0.75 and reaches two samples to each side, whatever
    /// the reduction; with it -0.5, and it widens with the reduction. Reference: PyTorch,
    /// `torch.nn.functional.interpolate` with `mode="bicubic"`.
    ///
    /// - Parameters:
    ///   - x: `[images, channels, rows, columns]`.
    ///   - scale: what places are divided by on both axes, where it is not the ratio of the sizes.
    /// - Returns: `[images, channels, height, width]`.
    public static func resampleBicubic(
        _ x: Tensor, height: Int, width: Int, scale: Double? = nil, antialiases: Bool = false
    ) throws(TensorError) -> Tensor {
        try produce("bicubic resampling", [x]) {
            unsafe mt_upsample_bicubic2d(
                x.handle, Int64(height), Int64(width), scale ?? 0, scale ?? 0, antialiases, $0)
        }
    }
}
