import Foundation
import MiphaFiles
import MiphaImaging

/// Standard output for results, standard error for everything else.
struct TerminalOutput: Sendable {
    /// How much is said on standard error.
    enum Level: String, CaseIterable, Sendable {
        /// Errors only.
        case error
        /// Errors and warnings.
        case warning
        /// Also notes and progress.
        case info
        /// Also details.
        case debug

        fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// How much is said.
    var level = Level.info

    /// Whether standard error is a terminal that may be drawn on.
    static var isInteractive: Bool {
        isatty(FileHandle.standardError.fileDescriptor) == 1
            && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// Whether colours and redrawn lines are welcome (https://no-color.org).
    static var allowsColour: Bool {
        isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Writes a result to standard output.
    func result(_ text: String) {
        write(text, to: .standardOutput)
    }

    /// Writes one JSON value on one line to standard output.
    func result(_ value: JSONValue) throws {
        result(try value.text(.compact) + "\n")
    }

    /// Writes a note.
    func note(_ text: String) {
        say(text, .info)
    }

    /// Notes images, each once, that the model sees otherwise than viewers show them.
    func noteOrientations(of pictures: [String]) {
        var told: Set<String> = []
        for path in pictures where told.insert(path).inserted {
            if let line = PictureNotes.orientation(ofFile: path) { note(line) }
        }
    }

    /// Writes a detail.
    func detail(_ text: String) {
        say(text, .debug)
    }

    /// Writes a warning.
    func warning(_ text: String) {
        say("warning: \(text)", .warning)
    }

    /// Writes what a library reports, which starts with `warning: ` where it warns.
    func relay(_ text: String) {
        say(text, text.hasPrefix("warning: ") ? .warning : .info)
    }

    /// Writes an error.
    func error(_ text: String) {
        let mark = Self.allowsColour ? "\u{1B}[31merror:\u{1B}[0m" : "error:"
        say("\(mark) \(text)", .error)
    }

    private func say(_ text: String, _ level: Level) {
        guard level.rank <= self.level.rank else { return }
        write("\(text)\n", to: .standardError)
    }

    private func write(_ text: String, to handle: FileHandle) {
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            // The reader of a pipe went away: nobody is left to inform.
            if handle === FileHandle.standardOutput { exit(ExitStatus.failure) }
        }
    }
}
