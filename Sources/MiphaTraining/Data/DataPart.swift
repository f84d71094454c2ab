/// Which of a run's data sets a sample is from.
enum DataPart: Sendable, CaseIterable {
    case training, validation
}
