package import MiphaFiles

extension ImageProcessor {
    /// The fields of `preprocessor_config.json`, and of `image_processor` in `processor_config.json`.
    package static let fields = FileFields(
        "preprocessor_config.json",
        [
            .init(
                "image_processor_type feature_extractor_type", .used,
                "SigLIP's, CLIP's, BiT's or LLaVA's; absent: CLIP's where there is a crop, else SigLIP's"
            ),
            .init(
                "do_resize size resample do_center_crop crop_size do_rescale rescale_factor "
                    + "do_normalize image_mean image_std",
                .used),
            .init(
                "default_to_square", .used,
                "whether a plain number as size is a square; absent: for SigLIP only"),
            .init("do_convert_rgb", .used, "must not be false"),
            .init(
                "do_pad", .used, "LLaVA's class pads to a square first; for others must be false"),
            .init("pad_size", .only([]), "images are padded to a square, to no other size"),
            .init(
                "do_rescale_first offset do_flip_channel_order do_thumbnail do_align_long_axis "
                    + "do_image_splitting do_reduce_labels",
                .only([false]), "there is no such step"),
            .init(
                "image_grid_pinpoints", .only([]), "images are never cut into tiles"),
            .init(
                "input_data_format data_format device disable_grouping return_tensors "
                    + "_valid_processor_keys processor_class image_seq_length auto_map "
                    + "transformers_version",
                .harmless, "say how results are handed over"),
        ])

    /// The fields of `processor_config.json`.
    package static let processorFields = FileFields(
        "processor_config.json",
        [
            .init("image_processor", .object(fields)),
            .init("patch_size", .used, "must be that of the tower"),
            .init(
                "vision_feature_select_strategy", .only(["full"]),
                "an image takes as many positions as it has patches"),
            .init(
                "num_additional_image_tokens", .only([0]),
                "an image takes as many positions as it has patches"),
            .init("image_token", .harmless, "prompts are written with <image>"),
            .init("chat_template", .used, "as in chat_template.json"),
            .init("processor_class image_seq_length auto_map tokenizer", .harmless),
        ])
}
