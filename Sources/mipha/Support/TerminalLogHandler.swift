import Logging

/// Writes what libraries log to standard error, in the words and at the levels of the command's own
/// notes.
struct TerminalLogHandler: LogHandler {
    let output: TerminalOutput
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(_ output: TerminalOutput) {
        self.output = output
        logLevel =
            switch output.level {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let text = event.message.description
        switch event.level {
        case .trace, .debug: output.detail(text)
        case .info, .notice: output.note(text)
        case .warning: output.warning(text)
        case .error, .critical: output.error(text)
        }
    }
}

extension TerminalOutput {
    /// A logger for a library.
    func logger(_ label: String) -> Logger {
        Logger(label: label) { _ in TerminalLogHandler(self) }
    }
}
