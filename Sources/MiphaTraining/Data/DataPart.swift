/// The data set of a run that a sample is from.
enum DataPart: Sendable, CaseIterable {
    case training, validation
}
