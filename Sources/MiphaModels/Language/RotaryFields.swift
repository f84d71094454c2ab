import MiphaFiles

/// The treatment of the fields of rotary positions, for all language models.
enum RotaryFields {
    /// `rope_parameters` of transformers 5 and `rope_scaling` of version 4.
    ///
    /// - Parameter partial: the treatment of a share of the features that is rotated.
    static func all(partial: FileFields.Rule) -> [FileFields.Field] {
        [
            .init(
                "rope_parameters",
                .object(
                    FileFields(
                        "rope_parameters",
                        [
                            .init("rope_theta", .used),
                            .init("partial_rotary_factor", partial),
                            .init("rope_type type", .used, types),
                            .init(
                                "full_attention sliding_attention", .only([]),
                                "positions that differ from layer to layer are not computed here"),
                        ] + scaling))),
            .init(
                "rope_scaling",
                .object(
                    FileFields(
                        "rope_scaling",
                        [
                            .init("type rope_type", .used, types),
                            .init(
                                "rope_theta partial_rotary_factor", .only([]),
                                "they stand beside this object"),
                        ] + scaling))),
            .init(
                "original_max_position_embeddings", .used, "for longrope, yarn and llama3"),
        ]
    }

    private static let types =
        "default, linear, dynamic, llama3, yarn or longrope (also su); others are refused"

    private static let scaling: [FileFields.Field] = [
        .init(
            "factor original_max_position_embeddings attention_factor beta_fast beta_slow "
                + "short_factor long_factor low_freq_factor high_freq_factor mscale mscale_all_dim "
                + "truncate",
            .used, "those that the type has")
    ]
}
