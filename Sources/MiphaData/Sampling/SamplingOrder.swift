/// How an epoch's samples are put in order.
public enum SamplingOrder: String, Sendable, Hashable, CaseIterable {
    /// A permutation.
    case plain
    /// Batches of like length, from windows of up to fifty updates, with the longest sample in
    /// the very first batch, so that a lack of memory shows at once.
    ///
    /// Reference: Hugging Face transformers, `trainer_pt_utils.get_length_grouped_indices`, with
    /// 128 added to the length of a sample with images, as LLaVA does.
    case length
    /// The batches of all ranks at one moment have images or have none, and like lengths.
    ///
    /// Reference: zhuyiche/llava-phi, `mipha/train/mipha_trainer.py`
    /// (`group_by_modality_length`), which fails where all samples are of one modality; here they
    /// are then grouped by length alone. A sample without words, which the reference refuses, has
    /// length zero here.
    case modalityLength = "modality_length"
}
