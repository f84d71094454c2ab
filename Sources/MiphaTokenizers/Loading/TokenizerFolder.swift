import Foundation

/// The tokenizer files of a folder, read into memory.
struct TokenizerFolder {
    /// Every file that belongs to a tokenizer, in the order they are looked for.
    static let names = [
        "tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json",
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
        guard FileManager.default.fileExists(atPath: path) else {
            throw TokenizerError(.file, "\(path): no such folder")
        }
        let url = URL(fileURLWithPath: path)
        guard (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true else {
            throw TokenizerError(.file, "\(path): not a folder")
        }
        for name in Self.names {
            let file = self.place(of: name)
            guard FileManager.default.fileExists(atPath: file) else { continue }
            files.append(File(name: name, bytes: try Self.read(file)))
        }
    }

    /// The path of a file of this folder, for messages.
    func place(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    func bytes(of name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }

    private static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
            guard let size, size.intValue <= largestFile else {
                throw TokenizerError(.file, "\(path): larger than \(largestFile) bytes")
            }
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw TokenizerError(.file, "\(path): cannot be read: \(error.localizedDescription)")
        }
    }

    /// Writes files into a folder, which is made if it is not there.
    static func write(_ files: [File], to path: String) throws(TokenizerError) {
        do {
            let folder = URL(fileURLWithPath: path, isDirectory: true)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for file in files {
                let place = folder.appendingPathComponent(file.name)
                try Data(file.bytes).write(to: place, options: .atomic)
            }
        } catch {
            throw TokenizerError(.file, "\(path): cannot be written: \(error.localizedDescription)")
        }
    }
}
