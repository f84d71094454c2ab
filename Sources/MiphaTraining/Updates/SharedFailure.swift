/// An error that all processes of a job meet at the same place: they can still act together.
struct SharedFailure: Error {
    let cause: any Error

    init(cause: any Error) {
        self.cause = cause
    }

    /// A failure to read samples, of this process or of another one, as all of them throw it.
    init(reading own: (any Error)?) {
        cause = own ?? TrainingError(.failed, "another process could not read its samples")
    }
}
