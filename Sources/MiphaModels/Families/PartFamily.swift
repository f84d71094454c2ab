/// How a family of towers or language models is named in configs, checkpoints and reports.
public struct PartFamily: Sendable, Equatable {
    /// Lower-case name, as reports in JSON have it: `siglip`.
    public let id: String
    /// Name in messages: `SigLIP`.
    public let title: String
    /// `model_type` of the family's own config in transformers.
    public let modelType: String
    /// Name between that of the tower and its modules in official checkpoints; `nil`: none.
    package let officialRoot: String?
    /// The same in checkpoints of transformers 4; version 5 has none.
    package let root: String?
    /// Modules under the part's root whose parameters the layers register, as patterns of a `KeyMap`.
    package let modules: [String]
    /// Of those modules that newer versions of transformers name otherwise, the new names.
    package let renamed: [String: String]
    /// What paths and names of the family's models contain, in lower case.
    package let names: [String]
    /// `model_type` of a model of which the part is one of two, under `vision_config`; `nil`: none.
    package let wholeType: String?
    /// Patterns, relative to the part's root, of stored tensors that are not parameters.
    package let dropped: [String]

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - officialRoot: name between that of the tower and its modules in official checkpoints.
    ///   - root: the same in checkpoints of transformers 4.
    ///   - modules: names of the modules under the root of a tower or a language model (`model`), as
    ///     transformers calls them; where it has renamed some, the names that it saves.
    ///   - renamed: the new names of renamed modules by the old ones.
    ///   - names: what names of the family's models contain; by default `id`.
    ///   - wholeType: `model_type` of a model of which the part is one of two.
    ///   - dropped: `KeyMap` patterns below that root of buffers that older files hold.
    package init(
        id: String, title: String, modelType: String, officialRoot: String? = nil,
        root: String? = nil, modules: [String], renamed: [String: String] = [:],
        names: [String] = [], wholeType: String? = nil, dropped: [String] = []
    ) {
        self.id = id
        self.title = title
        self.modelType = modelType
        self.officialRoot = officialRoot
        self.root = root
        self.modules = modules
        self.renamed = renamed
        self.names = names.isEmpty ? [id] : names
        self.wholeType = wholeType
        self.dropped = dropped
    }
}
