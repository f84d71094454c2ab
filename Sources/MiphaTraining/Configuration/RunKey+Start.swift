import MiphaCheckpoints
import MiphaFiles
import MiphaNN

/// The keys for the start and the output of a run and the parts that are trained.
extension RunKey {
    static let start = [
        RunKey("model", \.model, .path, "Folder of the model to start from.").required,
        RunKey(
            optional: "image_size", \.imageSize, .count,
            "Side in pixels of the images that the vision tower sees: its table of positions is "
                + "interpolated, and the image preprocessing follows; not with adapters.",
            absent: "of the model"),
        RunKey("output_dir", \.outputFolder, .path, "Folder that receives the run.").required
            .withoutInfluence,
        RunKey("stage", \.stage, .choice, "Which parts are trained, on which data.").required,
        RunKey(
            "tune", \.tune, .groups(of: .mode),
            "How much of a group is trained, where it differs from the stage: `frozen`, `full`, `lora` "
                + "or `last:N` by group."
        ).ofStartModel,
    ]
}

extension RunValue where Value == TuningMode {
    fileprivate static var mode: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in
                guard let mode = TuningMode(parsing: try reader.string(key)) else {
                    throw reader.failure(key, expected: "frozen, full, lora or last:N")
                }
                return mode
            },
            write: { .string($0.description) })
    }
}

extension RunValue {
    /// Values by parameter group.
    static func groups<Element>(of element: RunValue<Element>) -> RunValue
    where Value == [ModelPart: Element] {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in
                let object = try reader.object(key)
                try object.refuseUnknownKeys(known: ModelPart.allCases.map(\.rawValue))
                var values: [ModelPart: Element] = [:]
                for group in ModelPart.allCases where object.has(group.rawValue) {
                    values[group] = try element.read(object, group.rawValue)
                }
                return values
            },
            write: { values in
                .object(
                    JSONObject(
                        ModelPart.allCases.compactMap { group in
                            values[group].map {
                                .init(key: group.rawValue, value: element.write($0))
                            }
                        }))
            })
    }
}
