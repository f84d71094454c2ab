import MiphaChat
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaTokenizers

extension TrainingData {
    /// The image preparer of a run, where it takes images.
    static func preparer(_ run: RunConfiguration, _ folder: ModelFolder) throws -> ImagePreparer? {
        guard run.stage.takesPictures else { return nil }
        return ImagePreparer(
            try folder.imageProcessors("a run with images needs it"),
            aspectRatio: run.resolvedAspectRatio)
    }

    /// Notes for the user about the folder of a run's model: fields that are not known, and what
    /// the run does in another way than the folder says.
    ///
    /// - Throws: `TrainingError` for a field that training cannot follow.
    static func notes(
        _ run: RunConfiguration, _ folder: ModelFolder, _ text: TextParts
    ) throws -> [String] {
        let (config, file) = (folder.config, folder.configFile)
        let findings = config.findings(file)
        if let message = findings.refusedInTraining.first {
            throw TrainingError(.invalidRun, message)
        }
        var notes = findings.notes(file) + text.tokenizer.notes
        notes += [AdapterFolder.note(inModel: run.model)].compactMap(\.self)
        if run.template == nil, !run.stage.isAlignment {
            let line = try folder.templateNote(choice: "template of the run file")
            notes += [line].compactMap(\.self)
        }
        let files = run.stage.takesPictures ? try folder.pictureFiles() : []
        notes += files.flatMap(\.notes)
        if let pictures = files.first {
            let own: ImageAspectRatio = pictures.processor.pads ? .pad : .square
            let used = run.resolvedAspectRatio
            let isOfficial = config.imageAspectRatio == used.rawValue
            if run.aspectRatio == nil, used != own, !isOfficial, config.layout == .llava {
                notes.append(
                    "\(pictures.place): images that are not square are treated as "
                        + "\"\(own.rawValue)\" there; the run takes \"\(used.rawValue)\", the stage's "
                        + "default, and writes that; image_aspect_ratio of the run file chooses")
            }
        }
        return notes
    }
}
