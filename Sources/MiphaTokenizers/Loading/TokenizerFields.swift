import MiphaFiles

/// The fields of the files beside a tokenizer, and what becomes of each.
enum TokenizerFields {
    private static let roleFields = FileFields.Field(
        "bos_token eos_token unk_token sep_token pad_token cls_token mask_token "
            + "additional_special_tokens extra_special_tokens",
        .used, "special tokens; the end of text ends answers")

    static let config = FileFields(
        "tokenizer_config.json",
        [
            roleFields,
            .init("added_tokens_decoder add_bos_token", .used),
            .init("add_prefix_space", .used, "must be what tokenizer.json says"),
            .init(
                "legacy", .used,
                "with tokenizer.model: whether text after a special token gets a blank; with "
                    + "tokenizer.json that file says it"),
            .init("chat_template", .used, "see below"),
            .init(
                "add_eos_token", .only([false]),
                "nothing is written after a text except by templates"
            ),
            .init("errors", .only(["replace"]), "bytes that are not UTF-8 become U+FFFD"),
            .init(
                "split_special_tokens do_lower_case", .only([false]), "texts are not cut that way"),
            .init("sp_model_kwargs", .only([.object([:])]), "pieces are not drawn at random"),
            .init(
                "clean_up_tokenization_spaces", .harmless,
                "on purpose: spaces of answers are those the model wrote"),
            .init(
                "model_max_length padding_side truncation_side", .harmless,
                "the longest text is that of the run file or of config.json"),
            .init(
                "tokenizer_class processor_class backend name_or_path model_input_names "
                    + "special_tokens_map_file tokenizer_file is_local local_files_only auto_map "
                    + "trust_remote_code model_specific_special_tokens image_token "
                    + "transformers_version unk_id use_default_system_prompt "
                    + "spaces_between_special_tokens vocab_file",
                .harmless,
                "the tokens are those of tokenizer.json, of vocab.json and merges.txt, or of "
                    + "tokenizer.model"
            ),
        ])

    static let map = FileFields("special_tokens_map.json", [roleFields])

    /// Notes about the files' fields for the user.
    ///
    /// - Throws: `TokenizerError` for a field that cannot be followed.
    static func notes(
        _ files: [(JSONNode?, FileFields)]
    ) throws(TokenizerError) -> [String] {
        var notes: [String] = []
        for case (let node?, let fields) in files {
            guard case .object(let object) = node.value else { continue }
            let findings = fields.examine(object, file: node.file)
            if let message = findings.refused.first { throw TokenizerError(.unsupported, message) }
            notes += findings.notes(node.file)
        }
        return notes
    }
}
