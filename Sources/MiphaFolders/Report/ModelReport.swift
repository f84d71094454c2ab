import MiphaChat
import MiphaCheckpoints
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTokenizers
import MiphaTorch

/// A summary of a model folder, made without loading a weight.
public struct ModelReport: Sendable {
    /// Number of parameters of a part.
    public struct Part: Sendable, Hashable {
        /// Name of the part.
        public let name: String
        /// Number of elements.
        public let parameters: Int
    }

    /// The folder.
    public let folder: ModelFolder
    /// Vision tower, projector, token embeddings, decoder, language head.
    public let parts: [Part]
    /// Number of elements stored by safetensors type.
    public let dtypes: [(name: String, parameters: Int)]
    /// Bytes of all tensors.
    public let bytes: Int
    /// Number of tokens of the tokenizer, or why there is none.
    public let tokenizer: Result<Int, FolderError>
    /// Kind of image preprocessing, of each vision tower, or why there is none.
    public let imageProcessor: Result<String, FolderError>
    /// Name of the chat format; `unknown` where the folder carries a template that is none.
    public let template: String
    /// `pad` or `square`: what is done with images that are not square.
    public let aspectRatio: String
    /// Notes for the user about the folder.
    public let notes: [String]
    /// Parameters the files lack, by official name.
    public let missing: [String]
    /// Tensors of the files that the model has no place for.
    public let unused: [String]
    /// Tensors that are left out on purpose.
    public let dropped: [String]
    /// Tensors of another shape than the config asks for, with both shapes, and copies of others that
    /// differ from them.
    public let mismatched: [String]

    /// Whether the weights can be loaded.
    public var isComplete: Bool { missing.isEmpty && unused.isEmpty && mismatched.isEmpty }

    /// Number of parameters.
    public var parameterCount: Int { parts.reduce(0) { $0 + $1.parameters } }

    /// Examines a folder.
    ///
    /// - Throws: `FolderError`, `CheckpointError` when config or weights cannot be read at all.
    public init(_ folder: ModelFolder) throws {
        if let adapter = folder.adapter {
            throw FolderError(
                .missingPart,
                "\(adapter.path): expected a model folder, found an adapter of \(folder.path)")
        }
        self.folder = folder
        let stored = try folder.storedTensors()
        let (checkpoint, keys) = (stored.checkpoint, stored.keys)
        let model = try MiphaModel(folder.config, source: DryRunSource())
        parts = Self.parts(model.store)
        bytes = checkpoint.totalBytes
        dtypes = Self.dtypes(checkpoint)
        var (missing, mismatched) = ([String](), [String]())
        for (name, tensor) in model.store.parameters {
            guard let (_, entry) = stored.find(name) else {
                missing.append(name)
                continue
            }
            if entry.shape != tensor.shape {
                mismatched.append(
                    "\(entry.name): expected \(tensor.shape), found \(entry.shape)")
            }
        }
        mismatched += model.store.copies.sorted { $0.key < $1.key }.compactMap { copy, name in
            checkpoint.difference(ofCopy: copy, from: name, keys)
        }
        self.missing = missing
        self.mismatched = mismatched
        let known = Set(model.store.names).union(model.store.copies.keys)
        var (unused, dropped) = ([String](), [String]())
        for external in checkpoint.names.sorted() {
            switch keys.canonical(external) {
            case .name(let name): if !known.contains(name) { unused.append(external) }
            case .dropped: dropped.append(external)
            case .unknown: unused.append(external)
            }
        }
        self.unused = unused
        self.dropped = dropped
        let template = Self.attempt { try folder.template().name }
        self.template = (try? template.get()) ?? "unknown"
        aspectRatio =
            (try? folder.aspectRatio().rawValue) ?? folder.config.imageAspectRatio ?? "square"
        tokenizer = Self.attempt { try folder.tokenizer().count }
        var notes = try folder.notes + folder.typeNotes(dtype: nil)
        if case .success = tokenizer {
            do { notes += try PromptParts(folder).notes } catch { notes.append("\(error)") }
        }
        if case .failure(let error) = template, !notes.contains(error.message) {
            notes.append(error.message)
        }
        self.notes = notes
        imageProcessor = Self.attempt {
            try folder.imageProcessors().map(\.kind.rawValue).joined(separator: " + ")
        }
    }

    private static func parts(_ store: ParameterStore) -> [Part] {
        let names = ["vision tower", "projector", "token embeddings", "decoder", "language head"]
        var counts = [Int](repeating: 0, count: names.count)
        for fact in store.facts {
            let part =
                switch fact.part {
                case .tower: 0
                case .projector: 1
                case .language: fact.place.depth == .input ? 2 : 3
                case .head: 4
                }
            counts[part] += store.elementCount(of: fact.name)
        }
        return zip(names, counts).map { Part(name: $0, parameters: $1) }
    }

    private static func dtypes(_ checkpoint: Checkpoint) -> [(name: String, parameters: Int)] {
        var counts: [String: Int] = [:]
        for entry in checkpoint.entries {
            counts[entry.scalarType.rawValue, default: 0] += entry.elementCount
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func attempt<T>(_ body: () throws -> T) -> Result<T, FolderError> {
        do {
            return .success(try body())
        } catch {
            return .failure(FolderError(.missingPart, "\(error)"))
        }
    }
}
