import Foundation

/// The paths of a run: those that lead from its folder to model, data and images, and the folder itself.
struct RunPaths {
    private let run: RunConfiguration

    init(_ run: RunConfiguration) {
        self.run = run
    }

    /// The run with absolute paths.
    var absolute: RunConfiguration { mapped(Self.absolute) }

    /// The run where its folder, and everything with the same way to it, is at `output`.
    ///
    /// The paths of the run and `output` are absolute.
    func moved(to output: String) -> RunConfiguration {
        let (old, new) = (Self.parts(run.outputFolder), Self.parts(output))
        return mapped { path in
            let parts = Self.parts(path)
            let shared = zip(parts, old).prefix { $0 == $1 }.count
            let steps = old.count - shared
            guard steps <= new.count else { return path }
            return Self.path(new.dropLast(steps) + parts.dropFirst(shared))
        }
    }

    private func mapped(_ map: (String) -> String) -> RunConfiguration {
        var run = run
        run.model = map(run.model)
        run.outputFolder = map(run.outputFolder)
        run.imageFolder = map(run.imageFolder)
        run.featureFolder = run.featureFolder.map(map)
        run.dataFiles = run.dataFiles.map(map)
        run.validationFiles = run.validationFiles.map(map)
        return run
    }

    private static func absolute(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath
        return Self.path(parts(path.hasPrefix("/") ? path : "\(here)/\(path)"))
    }

    /// The names of an absolute path; `..` stays, because it may leave another folder by a link.
    private static func parts(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }
    }

    private static func path(_ parts: [Substring]) -> String {
        "/" + parts.joined(separator: "/")
    }
}

extension RunConfiguration {
    /// The same run without anything that depends on the working folder or on a default by stage:
    /// paths made absolute, treatment of images filled in.
    ///
    /// The template, whose default depends on the model, is named before.
    var resolved: RunConfiguration {
        var run = RunPaths(self).absolute
        run.epochEnd = resolvedEpochEnd
        run.aspectRatio = stage.takesPictures ? resolvedAspectRatio : aspectRatio
        return run
    }
}
