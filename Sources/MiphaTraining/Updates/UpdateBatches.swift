import MiphaData
import MiphaModels
import MiphaTorch

/// The batches of an update's micro-batches, one after another.
///
/// Their images go to a device beside what it computes: those of the first one while the weights are
/// still being updated, those of the next ones during the passes of the one before.
struct UpdateBatches {
    private let batches: RunBatches
    private let device: Device
    private var sent: MiphaBatch?

    /// - Parameter device: where the model is.
    init(_ batches: RunBatches, on device: Device) {
        (self.batches, self.device) = (batches, device)
    }

    /// The batch of a micro-batch, which was announced or not.
    mutating func batch(_ micro: SampleLoader.MicroBatch) throws -> MiphaBatch {
        defer { sent = nil }
        if let sent { return sent }
        return try made(micro)
    }

    /// Begins to send the images of the next micro-batch, to be called when the passes of the one
    /// before are queued on the device; the CPU has no use for it.
    mutating func announce(_ micro: SampleLoader.MicroBatch) throws {
        if device.isAccelerator { sent = try made(micro) }
    }

    private func made(_ micro: SampleLoader.MicroBatch) throws -> MiphaBatch {
        var batch = try batches.batch(micro.samples)
        try batch.send(to: device)
        return batch
    }
}
