import MiphaFiles

/// The tokenizer files of a folder, read into memory.
struct TokenizerFolder {
    /// Every file that belongs to a tokenizer, in the order they are looked for.
    static let names = [
        "tokenizer.json", "vocab.json", "merges.txt", "tokenizer.model", "added_tokens.json",
        "special_tokens_map.json", "tokenizer_config.json",
    ]
    private static let largestFile = 256 << 20

    /// A file's name and content.
    struct File: Sendable, Equatable {
        let name: String
        let bytes: [UInt8]
    }

    let path: String
    private(set) var files: [File] = []

    init(_ path: String) throws(TokenizerError) {
        self.path = path
        guard let kind = FileSystem.kind(path) else {
            throw TokenizerError(.file, "\(path): no such folder")
        }
        guard kind == .folder else { throw TokenizerError(.file, "\(path): not a folder") }
        for name in Self.names {
            let file = self.place(of: name)
            guard FileSystem.kind(file) != nil else { continue }
            do throws(FileError) {
                let bytes = try FileSystem.read(file, limit: Self.largestFile)
                files.append(File(name: name, bytes: bytes))
            } catch {
                throw TokenizerError(.file, error.message)
            }
        }
    }

    /// The path of a file of this folder, for messages.
    func place(of name: String) -> String { FileSystem.join(path, name) }

    func bytes(of name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }

    /// Writes files into a folder, creating it if necessary.
    static func write(_ files: [File], to path: String) throws(TokenizerError) {
        do throws(FileError) {
            try FileSystem.createFolder(path)
            for file in files {
                try AtomicFile.write(file.bytes, to: FileSystem.join(path, file.name))
            }
        } catch {
            throw TokenizerError(.file, error.message)
        }
    }
}
