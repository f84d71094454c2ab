public import MiphaChat
public import MiphaNN

/// A named plan: which groups learn when the run file does not say otherwise.
public enum TrainingStage: String, Sendable, CaseIterable {
    /// Stage 1: the projector alone, on captions.
    case align
    /// Stage 1 as the reference's code runs it: `freeze_backbone` there spares the head, so that
    /// Phi's head learns beside the projector.
    case alignParity = "align-parity"
    /// Stage 2: tower, projector and language model.
    case instruct
    /// Stage 2 with adapters on the language model; tower and projector learn in full.
    case instructLoRA = "instruct-lora"
    /// The language model alone, on conversations without images.
    case sft
    /// The language model, on pairs of a chosen and a rejected answer.
    case preference

    /// The tuning mode of a group.
    public func mode(of group: ModelPart) -> TuningMode {
        switch (self, group) {
        case (.align, .projector), (.alignParity, .projector), (.alignParity, .head): .full
        case (.align, _), (.alignParity, _): .frozen
        case (.instruct, _): .full
        case (.instructLoRA, .language): .lora
        case (.instructLoRA, .head): .frozen
        case (.instructLoRA, _): .full
        case (.sft, .language), (.sft, .head): .full
        case (.preference, .language), (.preference, .head): .full
        case (.sft, _), (.preference, _): .frozen
        }
    }

    /// Whether this is one of the two forms of stage 1.
    public var isAlignment: Bool { self == .align || self == .alignParity }

    /// Whether samples have images.
    public var takesPictures: Bool { self != .sft }

    /// The form in which the items of data files are read.
    public var form: SampleForm { self == .preference ? .preferences : .conversations }
}
