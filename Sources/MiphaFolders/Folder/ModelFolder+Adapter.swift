import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaFiles
public import MiphaModels

extension ModelFolder {
    /// The folders of model and adapter that two arguments name.
    ///
    /// A `path` that holds nothing but an adapter stands for the model it was trained on, which
    /// `adapter_config.json` names as seen from the working folder or from the adapter's own.
    ///
    /// - Throws: `FolderError` when that model is not there, or for two adapters.
    static func resolve(
        _ path: String, adapter: String?
    ) throws -> (model: String, adapter: AdapterFolder?) {
        guard AdapterFolder.isAlone(path) else {
            return (path, try adapter.map { try AdapterFolder($0) })
        }
        if let adapter {
            throw FolderError(
                .mismatchedParts,
                "\(path) is an adapter itself; expected a model folder under the adapter \(adapter)"
            )
        }
        let found = try AdapterFolder(path)
        let file = "\(path)/adapter_config.json"
        guard let name = found.baseModel, !name.isEmpty else {
            throw FolderError(
                .missingPart,
                "\(file): base_model_name_or_path: expected the folder of a model; name it as the "
                    + "model, and \(path) with --adapter")
        }
        let places = name.hasPrefix("/") ? [name] : [name, FileSystem.join(path, name)]
        guard
            let base = places.first(where: {
                FileSystem.kind(FileSystem.join($0, configName)) != nil
                    && !AdapterFolder.isAlone($0)
            })
        else {
            throw FolderError(
                .missingPart,
                "\(file): base_model_name_or_path: no model folder at "
                    + "\(places.joined(separator: " or ")) (models of a hub are not fetched); name it "
                    + "as the model, and \(path) with --adapter")
        }
        return (base, found)
    }

    /// Notes about what is ignored of the adapter's folder: unknown fields, and files beside the
    /// adapter that differ from those of the model, which count (but for a known chat template, which
    /// is used); without an adapter, a note about one that lies in the model's folder.
    var adapterNotes: [String] {
        adapter.map(notes) ?? [AdapterFolder.note(inModel: path)].compactMap(\.self)
    }

    /// The same of an adapter that the model was not opened with.
    public func notes(_ adapter: AdapterFolder) -> [String] {
        adapter.notes
            + CompanionFiles.besideAdapters.compactMap { name in
                let own = FileSystem.join(adapter.path, name)
                guard FileSystem.kind(own) == .file, !Self.isSame(own, FileSystem.join(path, name))
                else { return nil }
                if name == FolderTemplate.files[0], (try? adapter.template()) != nil { return nil }
                return "\(own): differs from that of \(path), which is used; put it there if the "
                    + "adapter was trained with it"
            }
    }

    /// Whether two files say the same, as JSON or else byte by byte.
    private static func isSame(_ first: String, _ second: String) -> Bool {
        let limit = 1 << 28
        if let value = try? JSONValue(contentsOf: first, limit: limit) {
            return value == (try? JSONValue(contentsOf: second, limit: limit))
        }
        guard let bytes = try? FileSystem.read(first, limit: limit) else { return false }
        return bytes == (try? FileSystem.read(second, limit: limit))
    }
}

extension AdapterFolder {
    /// The chat format that the adapter was trained with, as its folder says.
    ///
    /// - Returns: `nil` when it carries no template, or one that is not known.
    /// - Throws: `ChatError` for a file that cannot be read.
    func template() throws(ChatError) -> ChatFormat? {
        do {
            return try FolderTemplate(folder: path)?.known
        } catch {
            guard error.code == .unknownTemplate else { throw error }
            return nil
        }
    }
}
