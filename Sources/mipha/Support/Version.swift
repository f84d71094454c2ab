/// The version of this program.
enum Version {
    /// What `--version` prints and run records hold.
    static let text = "mipha 0.1.0"
}
