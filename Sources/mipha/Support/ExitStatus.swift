/// Exit statuses.
enum ExitStatus {
    /// The work failed.
    static let failure: Int32 = 1
    /// Wrong usage or bad input.
    static let badInput: Int32 = 2
    /// Ctrl-C.
    static let interrupted: Int32 = 130
}
