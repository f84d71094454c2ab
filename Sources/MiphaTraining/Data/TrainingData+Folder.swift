import MiphaChat
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaTokenizers

extension TrainingData {
    /// The picture preprocessing of a run's model, where the run takes pictures.
    static func processor(_ run: RunConfiguration) throws -> ImageProcessor? {
        guard run.stage.takesPictures else { return nil }
        guard let file = try ImageProcessorFile(folder: run.model) else {
            throw TrainingError(
                .invalidRun,
                "\(run.model): preprocessor_config.json (or processor_config.json with "
                    + "image_processor) is missing; a run with pictures needs it")
        }
        return file.processor
    }

    /// What people are told about the folder of a run's model: fields that are not known, and what the
    /// run does in another way than the folder says.
    ///
    /// - Throws: `TrainingError` for a field that training cannot follow.
    static func notes(_ run: RunConfiguration) throws -> [String] {
        let file = "\(run.model)/config.json"
        let config = try MiphaConfig(folder: run.model)
        let findings = config.findings(file)
        if let message = findings.refusedInTraining.first {
            throw TrainingError(.invalidRun, message)
        }
        var notes = findings.notes(file) + (try Tokenizer(folder: run.model).notes)
        notes += [AdapterFolder.note(inModel: run.model)].compactMap(\.self)
        if run.stage.takesPictures, let pictures = try ImageProcessorFile(folder: run.model) {
            notes += pictures.notes
            let own: ImageAspectRatio = pictures.processor.pads ? .pad : .square
            let used = run.resolvedAspectRatio
            let isOfficial = config.imageAspectRatio == used.rawValue
            if run.aspectRatio == nil, used != own, !isOfficial, config.layout == .llava {
                notes.append(
                    "\(pictures.place): pictures that are not square are treated as "
                        + "\"\(own.rawValue)\" there; the run takes \"\(used.rawValue)\", the stage's "
                        + "default, and writes that; image_aspect_ratio of the run file chooses")
            }
        }
        if run.template == nil, !run.stage.isAlignment {
            let used = try ChatTemplate.named(run.resolvedTemplate)
            let own = try FolderTemplate(folder: run.model)
            notes += [own?.note(using: used, option: "template of the run file")].compactMap(\.self)
        }
        return notes
    }
}
