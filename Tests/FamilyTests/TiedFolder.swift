import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// The fixture of CLIP and Llama with a head that is the table of embeddings, or could be.
struct TiedFolder {
    /// What the files hold as a head.
    enum StoredHead {
        /// None, as transformers writes a tied model.
        case absent
        /// The numbers of the table.
        case equal
        /// Those of the fixture, which are others.
        case different
        /// The numbers of the table in fewer rows.
        case short
    }

    private let folder: TemporaryFolder

    /// The model folder.
    var path: String { folder.path }

    /// The model; the folder stays until it is read.
    func model(
        use: CheckpointSource.Use = .inference, adapters: AdapterPlan? = nil
    ) throws -> MiphaModel {
        // Tests run side by side; threads that wait for each other would cost more than they give.
        try Engine.setThreadCount(1)
        return try withExtendedLifetime(folder) {
            try MiphaModel(folder: path, use: use, adapters: adapters)
        }
    }

    /// The config.
    func config() throws -> MiphaConfig {
        try withExtendedLifetime(folder) { try MiphaConfig(folder: path) }
    }

    /// Writes the folder.
    ///
    /// - Parameter isTied: what the config says.
    init(_ head: StoredHead, isTied: Bool = true) throws {
        folder = try TemporaryFolder()
        let source = FamilyCase.clipLlama.folder
        var top = try ConfigReader(contentsOf: "\(source)/config.json").object
        var text = try #require(top["text_config"]?.objectValue)
        text["tie_word_embeddings"] = .bool(isTied)
        top["text_config"] = .object(text)
        top["tie_word_embeddings"] = .bool(isTied)
        try JSONValue.object(top).write(to: folder.file("config.json"))

        let checkpoint = try Checkpoint(folder: source)
        let table = try #require(
            checkpoint.entries.first { $0.name.hasSuffix("embed_tokens.weight") })
        var stored: [(declaration: TensorDeclaration, bytes: [UInt8])] = []
        for file in checkpoint.files {
            for entry in file.entries {
                guard entry.name.hasSuffix("lm_head.weight") else {
                    stored.append((entry.declaration, file.bytes(of: entry)))
                    continue
                }
                let (tableFile, _) = try #require(checkpoint.find(table.name))
                let (own, copied) = (file.bytes(of: entry), tableFile.bytes(of: table))
                switch head {
                case .absent: break
                case .equal: stored.append((entry.declaration, copied))
                case .different: stored.append((entry.declaration, own))
                case .short:
                    let shape = [entry.shape[0] - 1, entry.shape[1]]
                    let short = TensorDeclaration(
                        name: entry.name, scalarType: entry.scalarType, shape: shape)
                    stored.append((short, Array(copied.prefix(short.byteCount ?? 0))))
                }
            }
        }
        var writer = try ShardedWriter(folder: path, entries: stored.map(\.declaration))
        for (_, bytes) in stored { try writer.write(bytes) }
        try writer.finish()
    }
}
