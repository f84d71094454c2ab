import MiphaFiles

extension TokenizerDefinition {
    /// Reads a folder: `tokenizer.json` if there is one, else `vocab.json` and `merges.txt`.
    init(_ folder: TokenizerFolder, roles: inout TokenizerRoles) throws(TokenizerError) {
        let config = try Self.parse("tokenizer_config.json", in: folder)
        let map = try Self.parse("special_tokens_map.json", in: folder)
        let notes = try Self.notes([(config, Self.configFields), (map, Self.mapFields)])
        let prefixSpace = try config?.member("add_prefix_space")
        if let bytes = folder.bytes(of: "tokenizer.json") {
            try self.init(tokenizerJSON: bytes, file: folder.place(of: "tokenizer.json"))
            if let prefixSpace, try prefixSpace.bool() != addsPrefixSpace {
                throw prefixSpace.error(
                    .value,
                    "expected \(addsPrefixSpace) as in tokenizer.json, found \(!addsPrefixSpace); "
                        + "both must say the same")
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
                .file, "\(folder.path): neither tokenizer.json nor vocab.json is there")
        }
        let mergesFile = folder.place(of: "merges.txt")
        guard let merges = folder.bytes(of: "merges.txt") else {
            throw TokenizerError(.file, "\(mergesFile): is missing, but vocab.json is there")
        }
        self.init(vocabularyPlace: root.file, mergesPlace: mergesFile)
        vocabulary = try Self.vocabulary(of: root)
        self.merges = try Self.merges(inLines: merges, file: mergesFile)
    }

    /// Refuses an empty list of merges beside tokens that only merges make.
    private func requireMerges() throws(TokenizerError) {
        guard merges.isEmpty else { return }
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

    /// Reads `merges.txt`: `left right` on each line, `#version` lines and blank last lines
    /// skipped.
    ///
    /// Lines end with LF, CR LF or CR.
    static func merges(inLines bytes: [UInt8], file: String) throws(TokenizerError) -> [Merge] {
        if let message = FileSignature.message(bytes, file, expected: "merges as text in UTF-8") {
            throw TokenizerError(.syntax, message)
        }
        if let bad = UTF8Text.firstInvalidByte(bytes.span) {
            throw TokenizerError(.syntax, "\(file): byte \(bad): not valid UTF-8")
        }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var previous: UInt8 = 0
        for byte in ByteOrderMark.removed(from: bytes) {
            if byte != 0x0A || previous != 0x0D { text.append(byte == 0x0D ? 0x0A : byte) }
            previous = byte
        }
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        let last = lines.lastIndex { !$0.isEmpty } ?? -1
        var merges: [Merge] = []
        merges.reserveCapacity(lines.count)
        for (index, line) in lines.prefix(last + 1).enumerated() {
            if line.starts(with: "#version".utf8) { continue }
            guard let merge = Merge(String(decoding: line, as: UTF8.self)) else {
                throw TokenizerError(
                    .value, "\(file): line \(index + 1): expected two tokens and one space")
            }
            merges.append(merge)
        }
        return merges
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
