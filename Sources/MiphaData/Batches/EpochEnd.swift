/// What becomes of the samples at the end of an epoch that do not fill an update.
///
/// The raw value is what a run file says under `dataloader_drop_last`.
public enum EpochEnd: String, Sendable, CaseIterable {
    /// They make an update of their own, smaller than the others: every sample is shown once an epoch.
    case kept = "false"
    /// They are not shown in this epoch: all updates are of one size.
    case dropped = "true"
    /// The rule of versions before there was a choice: an incomplete micro-batch is shown, or filled up
    /// with the first samples of the epoch where there are several ranks, and micro-batches that do not
    /// fill an update are dropped.
    ///
    /// It makes the updates that transformers 4.38 counts. Runs that began under it go on under it.
    case former
}
