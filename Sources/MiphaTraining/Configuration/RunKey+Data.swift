import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaImaging

/// The training data and how samples are made from them.
extension RunKey {
    static let data = [
        RunKey(
            "data_path", \.weightedFiles, .weightedFiles,
            "Conversation files: a path, or a list of paths and `{path, weight}`."
        ).required,
        RunKey(
            "image_folder", \.imageFolder, .text, "Folder that image paths are relative to."),
        RunKey(
            optional: "template", \.template, .text,
            "Name of the chat template; by default `plain` in alignment, else that of the model.",
            absent: "by stage"),
        RunKey(
            optional: "image_aspect_ratio", \.aspectRatio,
            .choice(of: [.square, .pad], expected: "square or pad"),
            "What happens to images that are not square; by default `square` in alignment, else `pad`.",
            absent: "by stage"),
        RunKey(
            "model_max_length", \.maximumLength, .count,
            "Maximum number of text ids of a sample; what is longer is truncated."),
        RunKey(
            "label_policy", \.labelPolicy, .choice,
            "Labels from token offsets, or text, ids and labels as the reference makes them."),
        RunKey(
            "attention_mask", \.attentionMask, .choice,
            "Attention sees all real tokens, or only those other than the padding id, as in the "
                + "reference."),
        RunKey(
            "sampling_order", \.samplingOrder, .choice,
            "Order of samples: random, or grouped by length (`modality_length`: as in the "
                + "reference)."),
        RunKey(
            "packing", \.packing, .flag,
            "Puts the samples of a micro-batch into one row without padding; loss and gradients stay "
                + "the same."),
        RunKey(
            optional: "packing_budget", \.packingBudget, .count,
            "Positions of a packed row, which takes as many samples as fit; needs `packing`."),
        RunKey(
            "bad_samples", \.badSamples, .choice,
            "Samples that cannot be read end the run, are left out and recorded, or get blank images "
                + "and are recorded."),
        RunKey(
            "bad_samples_limit", \.badSampleLimit, .from0To1,
            "Fraction of bad samples above which `skip` and `blank` end the run, once more than ten "
                + "were bad."
        ).withoutInfluence,
        RunKey(
            "dataloader_num_workers", \.loaderThreads, .count(to: 256),
            "Threads that prepare samples."
        ).withoutInfluence,
        RunKey(
            "dataloader_prefetch_mib", \.prefetchMebibytes, .count,
            "MiB of samples prepared ahead of the current update."
        ).withoutInfluence,
        RunKey(
            optional: "feature_cache", \.featureFolder, .path,
            "Folder that caches the features of a frozen tower for each image."
        ).withoutInfluence,
        RunKey(
            "feature_cache_gib", \.featureGibibytes, .from0(to: 1e6),
            "Maximum size of `feature_cache` in GiB."
        ).withoutInfluence,
    ]
}

private typealias WeightedFiles = (files: [String], weights: [Double])

extension RunConfiguration {
    /// The data files with their weights, of which there are none when all are 1.
    fileprivate var weightedFiles: WeightedFiles {
        get { (dataFiles, dataWeights) }
        set { (dataFiles, dataWeights) = newValue }
    }
}

extension RunValue where Value == WeightedFiles {
    /// File names, with weights where an element is an object with `path` and `weight`.
    fileprivate static var weightedFiles: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in
                guard case .array(let elements) = reader.value(key),
                    elements.contains(where: { $0.objectValue != nil })
                else { return (try RunValue<[String]>.paths.read(reader, key), []) }
                let objects = elements.map { (element) -> JSONValue in
                    if case .string = element { ["path": element] } else { element }
                }
                let whole = try ConfigReader(file: reader.file, value: [key: .array(objects)])
                var files: [String] = []
                var weights: [Double] = []
                for element in try whole.objects(key) {
                    try element.refuseUnknownKeys(known: ["path", "weight"])
                    files.append(try RunValue<String>.path.read(element, "path"))
                    weights.append(
                        element.has("weight")
                            ? try RunValue<Double>.from0(to: 1e6).read(element, "weight") : 1)
                }
                return (files, weights.allSatisfy { $0 == 1 } ? [] : weights)
            },
            write: { files, weights in
                guard weights.count == files.count, weights.contains(where: { $0 != 1 }) else {
                    return RunValue<[String]>.texts.write(files)
                }
                return .array(
                    zip(files, weights).map { ["path": .string($0), "weight": .double($1)] })
            })
    }
}
