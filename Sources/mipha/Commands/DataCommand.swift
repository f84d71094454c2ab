import ArgumentParser

/// Data sets.
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Get and examine data sets.",
        subcommands: [DataFetch.self, DataCheckCommand.self])
}
