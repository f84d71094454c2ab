import MiphaCheckpoints
package import MiphaFiles

extension MiphaConfig {
    /// The fields of `config.json` in a layout, those of two families among them.
    package static func fields(
        _ layout: CheckpointLayout,
        towers: [any TowerFamily.Type] = [TowerCatalogue.all[0]],
        language: any LanguageConfiguration.Type = LanguageCatalogue.all[0]
    ) -> FileFields {
        layout.format.fields(towers, language)
    }

    /// The fields of the configs of families other than the first, as parts of `config.json`.
    package static var fieldsOfFamilies: [FileFields] {
        let towers = TowerCatalogue.all.dropFirst().map { ($0.family, $0.fields) }
        let languages = LanguageCatalogue.all.dropFirst().map { ($0.family, $0.fields) }
        return (towers + languages).map { family, fields in
            FileFields("config.json, fields of \(family.title)", fields.fields)
        }
    }

    /// Findings about the fields of the file that the reader does not read.
    ///
    /// - Parameter file: the name of the file in messages.
    package func findings(_ file: String) -> FileFields.Findings {
        Self.fields(
            layout, towers: vision.towers.map { type(of: $0) }, language: type(of: language)
        )
        .examine(source, file: file)
    }

    /// The element type that the file names.
    var statedType: String? {
        let parts = [source, source["text_config"]?.objectValue].compactMap(\.self)
        return parts.lazy.flatMap { part in
            ["dtype", "torch_dtype"].compactMap { part[$0]?.stringValue }
        }.first
    }

    /// Refuses a field that is set to something this program does not compute.
    func requireKnownFields(_ file: String) throws(CheckpointError) {
        if let message = findings(file).refused.first {
            throw CheckpointError(.invalidConfig, message)
        }
    }
}
