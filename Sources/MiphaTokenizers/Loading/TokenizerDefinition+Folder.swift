import MiphaFiles

extension TokenizerDefinition {
    /// Reads a folder: `tokenizer.json` if there is one, else `vocab.json` and `merges.txt`, else
    /// `tokenizer.model`.
    init(_ folder: TokenizerFolder, roles: inout TokenizerRoles) throws(TokenizerError) {
        let config = try Self.parse("tokenizer_config.json", in: folder)
        let map = try Self.parse("special_tokens_map.json", in: folder)
        let notes = try TokenizerFields.notes([
            (config, TokenizerFields.config), (map, TokenizerFields.map),
        ])
        let prefixSpace = try config?.member("add_prefix_space")
        if let bytes = folder.bytes(of: "tokenizer.json") {
            try self.init(tokenizerJSON: bytes, file: folder.place(of: "tokenizer.json"))
            if let prefixSpace, isByteLevel, try prefixSpace.bool() != addsPrefixSpace {
                throw prefixSpace.error(
                    .value,
                    "expected \(addsPrefixSpace) as in tokenizer.json, found \(!addsPrefixSpace); "
                        + "both must say the same")
            }
        } else if folder.bytes(of: "vocab.json") == nil,
            let model = folder.bytes(of: "tokenizer.model")
        {
            let isLegacy = try config?.flag("legacy", default: true) ?? true
            self = try SentencePieceReader(isLegacy: isLegacy).definition(
                model, file: folder.place(of: "tokenizer.model"))
            if let prefixSpace, try !prefixSpace.bool(), leadsWithBlank {
                throw prefixSpace.error(
                    .unsupported, "expected true, as tokenizer.model puts a blank before a text")
            }
        } else {
            try self.init(vocabularyOf: folder)
            addsPrefixSpace = try prefixSpace?.bool() ?? false
        }
        let decoder = try config?.member("added_tokens_decoder")
        if let decoder {
            try readAddedTokensDecoder(decoder)
        } else if folder.bytes(of: "tokenizer.json") == nil,
            let added = try Self.parse("added_tokens.json", in: folder)
        {
            for member in try added.members() {
                let node = added.child(member.key, member.value)
                guard !member.key.isEmpty else { throw node.error(.value, "an empty token") }
                add(AddedToken(content: member.key, id: try node.integer(), normalized: true))
            }
        }
        roles = try TokenizerRoles(config: config, map: map)
        roles.notes = notes
        for (token, node) in roles.declared { try markSpecial(token, node) }
        if folder.bytes(of: "tokenizer.json") == nil { try requireMerges() }
        if let adds = try config?.member("add_bos_token") {
            try followBeginning(adds, folder, &roles)
        }
    }

    /// `add_bos_token` of the configuration, which counts where no `tokenizer.json` says it.
    private func followBeginning(
        _ adds: JSONNode, _ folder: TokenizerFolder, _ roles: inout TokenizerRoles
    ) throws(TokenizerError) {
        let isTold = try adds.bool()
        if folder.bytes(of: "tokenizer.json") == nil {
            roles.addsBeginning = isTold
        } else if isTold != (leadingToken != nil) {
            // transformers 5.17, tokenization_utils_base.py, drops the key beside tokenizer.json.
            roles.notes.append(
                "\(folder.place(of: "tokenizer_config.json")): add_bos_token: \(isTold), but "
                    + "post_processor of tokenizer.json puts "
                    + (isTold ? "no token" : "a token")
                    + " in front of a text, which counts, as "
                    + "with transformers")
        }
    }

    private var leadsWithBlank: Bool {
        normalizer.contains {
            guard case .sentencePiece(let normalizer) = $0 else { return false }
            return normalizer.addsPrefix
        }
    }

    private static func parse(
        _ name: String, in folder: TokenizerFolder
    ) throws(TokenizerError) -> JSONNode? {
        guard let bytes = folder.bytes(of: name) else { return nil }
        return try JSONNode.parse(bytes, file: folder.place(of: name))
    }

    private init(vocabularyOf folder: TokenizerFolder) throws(TokenizerError) {
        guard let root = try Self.parse("vocab.json", in: folder) else {
            throw TokenizerError(
                .file,
                "\(folder.path): neither tokenizer.json nor vocab.json nor tokenizer.model is there"
            )
        }
        let mergesFile = folder.place(of: "merges.txt")
        guard let merges = folder.bytes(of: "merges.txt") else {
            throw TokenizerError(.file, "\(mergesFile): is missing, but vocab.json is there")
        }
        self.init(vocabularyPlace: root.file, mergesPlace: mergesFile)
        vocabulary = try Self.vocabulary(of: root)
        kind = .merges(try TokenizerMerge.list(inLines: merges, file: mergesFile))
    }

    /// Refuses an empty list of merges beside tokens that only merges make.
    private func requireMerges() throws(TokenizerError) {
        guard case .merges(let merges) = kind, merges.isEmpty else { return }
        let added = Set(addedTokens.map { ExactString($0.content) })
        let token = vocabulary.contents.lazy.compactMap { $0 }.first {
            $0.unicodeScalars.count > 1 && !added.contains(ExactString($0))
        }
        guard let token else { return }
        throw TokenizerError(
            .value,
            "\(mergesPlace): expected the merges that make tokens of vocab.json such as "
                + "\(token.quoted), found none; fetch the file again")
    }

    private mutating func readAddedTokensDecoder(_ decoder: JSONNode) throws(TokenizerError) {
        for member in try decoder.members() {
            let node = decoder.child(member.key, member.value)
            guard let id = Int(member.key) else {
                throw node.error(.value, "expected an id as the key")
            }
            let token = try AddedToken(node, id: id, special: nil)
            if let declared = declaredID(of: token.content), declared != id {
                throw node.error(
                    .value, "\"\(token.content)\" has id \(declared) elsewhere, found \(id)")
            }
            add(token)
        }
    }

    private mutating func markSpecial(
        _ token: AddedToken, _ node: JSONNode
    ) throws(TokenizerError) {
        guard let id = declaredID(of: token.content) else {
            throw node.error(.value, "\"\(token.content)\" is not in the vocabulary")
        }
        var known = token
        known.id = id
        add(known)
    }
}
