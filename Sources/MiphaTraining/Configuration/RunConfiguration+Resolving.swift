import Foundation
import MiphaImaging

extension RunConfiguration {
    /// The same run without anything that depends on the working folder or on a default by stage:
    /// paths made absolute, treatment of pictures filled in.
    ///
    /// The template, whose default depends on the model, is named before.
    var resolved: RunConfiguration {
        var run = mappingPaths(Self.absolute)
        run.epochEnd = resolvedEpochEnd
        run.aspectRatio = stage.takesPictures ? resolvedAspectRatio : aspectRatio
        return run
    }

    /// The same run where its folder, and everything with the same way to it, is at `output`.
    ///
    /// Both runs are resolved.
    func moved(to output: String) -> RunConfiguration {
        let (old, new) = (Self.parts(outputFolder), Self.parts(output))
        return mappingPaths { path in
            let parts = Self.parts(path)
            let shared = zip(parts, old).prefix { $0 == $1 }.count
            let steps = old.count - shared
            guard steps <= new.count else { return path }
            return Self.path(new.dropLast(steps) + parts.dropFirst(shared))
        }
    }

    private func mappingPaths(_ map: (String) -> String) -> RunConfiguration {
        var run = self
        run.model = map(model)
        run.outputFolder = map(outputFolder)
        run.imageFolder = map(imageFolder)
        run.featureFolder = featureFolder.map(map)
        run.dataFiles = dataFiles.map(map)
        run.validationFiles = validationFiles.map(map)
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
