import MiphaFiles

extension SplitMix64 {
    /// Starts the sequence of an epoch.
    init(seed: UInt64, epoch: Int) {
        self.init(seed: seed &+ UInt64(epoch) &* 0xD134_2543_DE82_EF95)
    }
}
