import MiphaFiles
import MiphaModels
public import MiphaTorch

extension ModelFolder {
    /// A digest of everything in the folder that an answer depends on, and of the element type.
    ///
    /// Weights, configuration, tokenizer and preprocessing count by their content, so a copied
    /// folder keeps its digest; training logs and documents do not count.
    ///
    /// - Parameters:
    ///   - dtype: the element type the model runs in; `nil` for the stored one.
    ///   - template: name of a chat template that was chosen; `nil` for the folder's own.
    /// - Throws: `FileError` when a file cannot be read.
    public func fingerprint(dtype: DType?, template: String? = nil) throws -> String {
        var listing = "dtype \(dtype.map { "\($0)" } ?? "stored")\n"
        if let template { listing += "template \(template)\n" }
        if let imageSize { listing += "image size \(imageSize)\n" }
        listing += try Self.listing(path)
        if let adapter {
            listing += "adapter\n" + (try Self.listing(adapter.path, besides: Self.states))
        }
        return SHA256Digest(of: Array(listing.utf8)).hex
    }

    /// Tensors in a checkpoint's folder that no answer depends on.
    private static let states = ["optimizer", "ema"]

    private static func listing(_ path: String, besides skipped: [String] = []) throws -> String {
        var listing = ""
        for name in try FileSystem.list(path).sorted() where isPart(name) {
            let file = FileSystem.join(path, name)
            guard FileSystem.kind(file) == .file, !skipped.contains(where: name.hasPrefix) else {
                continue
            }
            listing += "\(try SHA256Digest(contentsOf: file).hex)  \(name)\n"
        }
        return listing
    }

    private static func isPart(_ name: String) -> Bool {
        let files = [configName, "adapter_config.json", "model.safetensors.index.json"]
        return files.contains(name) || CompanionFiles.ofAnswers.contains(name)
            || name.hasSuffix(".safetensors") || name.hasSuffix(".bin")
    }
}
