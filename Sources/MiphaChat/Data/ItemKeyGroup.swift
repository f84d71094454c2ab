/// Keys of data items that are treated alike.
package struct ItemKeyGroup: Sendable {
    /// What holds a key.
    package enum Place: String, Sendable, CaseIterable {
        /// The item itself.
        case item
        /// One of its turns.
        case turn
    }

    /// What becomes of the values.
    package enum Use: Sendable {
        /// They are read.
        case used
        /// They say nothing about what is learned.
        case irrelevant
        /// They would change what is learned, so an item that sets one is refused.
        case refused
        /// As `refused`, in an item that names no image under a key that is read; otherwise it is
        /// plain which images are meant, and the key is reported like an unknown one.
        case refusedWithoutImages
    }

    /// Which values count as set, besides that null, empty texts, lists and objects never do.
    package enum Sensitivity: Sendable {
        /// All others.
        case all
        /// All others but 1 and true.
        case unlessOne
        /// Lists and objects.
        case containers
    }

    /// What holds the keys.
    package let place: Place
    /// What becomes of the values.
    package let use: Use
    /// The keys.
    package let names: [String]
    /// What the values mean; for refused ones what to do instead.
    package let words: String
    /// Which values count as set.
    package let sensitivity: Sensitivity

    init(
        _ place: Place, _ use: Use, _ names: [String], _ words: String,
        setBy sensitivity: Sensitivity = .all
    ) {
        self.place = place
        self.use = use
        self.names = names
        self.words = words
        self.sensitivity = sensitivity
    }
}

extension ItemKeyGroup {
    /// Every key that is known.
    ///
    /// `docs/data.md` has the same list.
    package static let all = used + refused + irrelevant

    private static let used = [
        ItemKeyGroup(.item, .used, ["id"], "names the sample in messages"),
        ItemKeyGroup(
            .item, .used, ["image"], "a path or a list of paths, in the order of the markers"),
        ItemKeyGroup(.item, .used, ["images"], "a list of paths, where `image` is not set"),
        ItemKeyGroup(.item, .used, ["conversations"], "the turns"),
        ItemKeyGroup(
            .item, .used, ["prompt", "question"],
            "with a pair of answers: the question, where `conversations` is missing"),
        ItemKeyGroup(.item, .used, ["chosen", "rejected"], "a pair of answers"),
        ItemKeyGroup(.turn, .used, ["from", "value"], "who speaks, and the text"),
        ItemKeyGroup(.turn, .used, ["role", "content"], "the same, with a pair of answers only"),
    ]

    private static let refused = [
        ItemKeyGroup(
            .item, .refusedWithoutImages,
            [
                "image_path", "image_paths", "image_file", "image_files", "image_list",
                "image_url", "image_urls", "image_base64", "image_bytes", "img", "imgs",
                "img_path", "img_paths", "picture", "pictures", "photo", "photos", "pixel_values",
            ],
            "name the images under `image`, as a path or a list of paths"),
        ItemKeyGroup(
            .item, .refused,
            [
                "video", "videos", "video_path", "video_paths", "video_file", "audio", "audios",
                "audio_path", "audio_file", "sound", "speech",
            ],
            "only still images are learned from; leave such items out"),
        ItemKeyGroup(
            .item, .refused, ["messages", "conversation", "dialog", "dialogue", "turns"],
            "put the turns under `conversations`, each with `from` (human or gpt) and `value`",
            setBy: .containers),
        ItemKeyGroup(
            .item, .refused, ["system", "system_prompt", "tools", "functions"],
            "the system text is the template's; write what is meant into the first human turn"),
        ItemKeyGroup(
            .item, .refused,
            [
                "rejected_response", "rejected_messages", "rejected_images", "chosen_response",
                "chosen_messages", "kto_tag",
            ],
            "put pairs of answers under `chosen` and `rejected`"),
        ItemKeyGroup(
            .item, .refused,
            ["min_pixels", "max_pixels", "resized_height", "resized_width", "nframes", "fps"],
            "images are prepared as the model's processor says; leave the key out"),
        ItemKeyGroup(
            .item, .refused, ["weight", "sample_weight", "loss_weight", "loss_scale", "loss_mask"],
            "samples weigh alike; give whole files a weight in `data_path`", setBy: .unlessOne),
        ItemKeyGroup(
            .turn, .refused,
            [
                "image", "images", "image_path", "image_url", "video", "videos", "audio", "audios",
            ],
            "name the images under `image` of the item, and put `<image>` into the text"),
        ItemKeyGroup(
            .turn, .refused,
            ["tool_calls", "function_call", "reasoning", "reasoning_content", "thinking"],
            "only `value` is learned from; write the text there"),
        ItemKeyGroup(
            .turn, .refused,
            ["weight", "loss", "loss_weight", "loss_scale", "loss_mask", "mask", "train"],
            "every answer is learned from; leave the turn or the key out", setBy: .unlessOne),
    ]

    private static let irrelevant = [
        ItemKeyGroup(
            .item, .irrelevant,
            [
                "source", "data_source", "dataset", "dataset_name", "subset", "split", "origin",
                "width", "height", "width_list", "height_list", "image_width", "image_height",
                "image_size", "image_sizes", "metadata", "meta", "model", "type", "category",
                "task", "task_type", "task_name", "domain", "topic", "tag", "tags", "language",
                "lang", "license", "url", "score", "scores", "rating", "question_id", "sample_id",
                "uid", "uuid", "idx", "index", "hash", "md5", "sha256", "timestamp", "date",
                "num_tokens", "length", "version",
            ],
            "where a sample is from and what it is like"),
        ItemKeyGroup(
            .turn, .irrelevant, ["id", "timestamp", "model", "source"], "where a turn is from"),
    ]
}
