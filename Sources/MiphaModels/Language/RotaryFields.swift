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
                            .init("rope_type type", .only(["default"]), scaled),
                            .init(
                                "full_attention sliding_attention", .only([]),
                                "positions that differ from layer to layer are not computed here"),
                        ] + unused))),
            .init(
                "rope_scaling",
                .object(
                    FileFields(
                        "rope_scaling",
                        [
                            .init("type rope_type", .only(["default"]), scaled),
                            .init("rope_theta partial_rotary_factor", .only([]), scaled),
                        ] + unused))),
        ]
    }

    private static let scaled = "scaled rotary positions are not computed here"

    private static let unused: [FileFields.Field] = [
        .init(
            "factor original_max_position_embeddings attention_factor beta_fast beta_slow "
                + "short_factor long_factor low_freq_factor high_freq_factor mscale mscale_all_dim "
                + "truncate",
            .harmless, "of no use to the type default")
    ]
}
