package import MiphaBenchmarks

/// Where the benchmarks' files are.
///
/// Addresses are those of the authors' pages and of haotian-liu/LLaVA `docs/Evaluation.md`. SHA-256
/// and sizes are of files in public repositories at a fixed commit; MD5 are those that
/// open-compass/VLMEvalKit publishes for its tables. What has neither is trusted on first use and
/// recorded in `DownloadManifest`. Archives are read in place and stay packed.
package enum BenchmarkDownloads {
    /// All, in the order of tables.
    package static let all: [BenchmarkDownload] = [
        vqav2, gqa, vizwiz, scienceQA, textVQA, pope, mme, mmbench, mmbenchCN, mmvet, seed,
        llavaBench, mmmu, chartQA, docVQA, ai2d,
    ]

    /// Finds the files of a benchmark.
    ///
    /// - Throws: `EvaluationError` listing the benchmarks there are.
    package static func named(_ id: String) throws(EvaluationError) -> BenchmarkDownload {
        if let found = all.first(where: { $0.benchmark == id.lowercased() }) { return found }
        let known = all.map(\.benchmark).joined(separator: ", ")
        throw EvaluationError(
            .invalidRequest, "unknown benchmark \"\(id)\"; there are downloads for \(known)")
    }

    private static let llavaPage =
        "https://drive.google.com/file/d/1atZSBBrAX54yYpxtVVW33zFvcnaHeFPy/view"

    /// A file of LLaVA's bundle, which lies on Google Drive.
    private static func bundled(
        _ name: String, _ content: String, isOptional: Bool = true
    ) -> BenchmarkDownload.ManualFile {
        .init(
            name, content: content, page: llavaPage,
            instruction: "In LLaVA's eval.zip on Google Drive, which asks for a confirmation in "
                + "the browser: download it there and take the file out.", isOptional: isOptional)
    }

    private static let vqa = "https://s3.amazonaws.com/cvmlp/vqa/mscoco/vqa"

    static let vqav2 = BenchmarkDownload(
        benchmark: "vqav2", licence: "CC BY 4.0; images: terms of their photographers on Flickr",
        files: [
            .init(
                "\(vqa)/v2_Annotations_Val_mscoco.zip", as: "v2_Annotations_Val_mscoco.zip",
                content: "ten answers to each question of val2014"),
            .init(
                "\(vqa)/v2_Questions_Val_mscoco.zip", as: "v2_Questions_Val_mscoco.zip",
                content: "questions of val2014"),
            .init(
                "\(vqa)/v2_Questions_Test_mscoco.zip", as: "v2_Questions_Test_mscoco.zip",
                content: "questions of test2015 and test-dev2015"),
            .init(
                "http://images.cocodataset.org/zips/val2014.zip", as: "val2014.zip", .pictures,
                content: "images of val2014, about 6 GB"),
            .init(
                "http://images.cocodataset.org/zips/test2015.zip", as: "test2015.zip", .pictures,
                content: "images of test2015, about 12 GB"),
        ],
        manual: [
            bundled("llava_vqav2_mscoco_test-dev2015.jsonl", "LLaVA's questions of test-dev2015"),
            bundled("llava_vqav2_mscoco_test2015.jsonl", "all questions that an upload answers"),
        ])

    static let gqa = BenchmarkDownload(
        benchmark: "gqa", licence: "CC BY 4.0",
        files: [
            .init(
                "https://downloads.cs.stanford.edu/nlp/data/gqa/questions1.2.zip",
                as: "questions1.2.zip", content: "questions, answers and types"),
            .init(
                "https://downloads.cs.stanford.edu/nlp/data/gqa/images.zip", as: "images.zip",
                .pictures, content: "images, about 20 GB"),
        ],
        manual: [
            bundled("llava_gqa_testdev_balanced.jsonl", "LLaVA's questions of testdev_balanced")
        ])

    private static let vizwizSite = "https://vizwiz.cs.colorado.edu/VizWiz_final"

    static let vizwiz = BenchmarkDownload(
        benchmark: "vizwiz", licence: "CC BY 4.0",
        files: [
            .init(
                "\(vizwizSite)/vqa_data/Annotations.zip", as: "Annotations.zip",
                content: "questions; ten answers each of train and val"),
            .init(
                "\(vizwizSite)/images/test.zip", as: "test.zip", .pictures,
                content: "images of test"),
            .init(
                "\(vizwizSite)/images/val.zip", as: "val.zip", .pictures, content: "images of val"
            ),
        ],
        manual: [bundled("llava_test.jsonl", "LLaVA's questions of test")])

    private static let scienceQACommit = "2cbf8318e07b9ece895bb2ae605e71e38d623264"

    static let scienceQA = BenchmarkDownload(
        benchmark: "scienceqa", licence: "CC BY-NC-SA 4.0 (data), MIT (code)",
        files: [
            .init(
                "https://raw.githubusercontent.com/lupantech/ScienceQA/\(scienceQACommit)"
                    + "/data/scienceqa/problems.json", as: "problems.json",
                content: "questions, choices and answers"),
            .init(
                "https://raw.githubusercontent.com/lupantech/ScienceQA/\(scienceQACommit)"
                    + "/data/scienceqa/pid_splits.json", as: "pid_splits.json",
                content: "ids of the splits", bytes: 502_927,
                sha256: "85c7820b9f136e572579a01dab2c77a7f8140b59211e421fa5182491d45ee3a7"),
            .init(
                "https://scienceqa.s3.us-west-1.amazonaws.com/images/test.zip", as: "test.zip",
                .pictures, content: "images of test"),
        ])

    private static let textSite = "https://dl.fbaipublicfiles.com/textvqa"

    static let textVQA = BenchmarkDownload(
        benchmark: "textvqa", licence: "CC BY 4.0",
        files: [
            .init(
                "\(textSite)/data/TextVQA_0.5.1_val.json", as: "TextVQA_0.5.1_val.json",
                content: "questions and ten answers each"),
            .init(
                "\(textSite)/data/TextVQA_Rosetta_OCR_v0.2_val.json",
                as: "TextVQA_Rosetta_OCR_v0.2_val.json", content: "recognised text"),
            .init(
                "\(textSite)/images/train_val_images.zip", as: "train_val_images.zip", .pictures,
                content: "images, about 7 GB"),
        ],
        manual: [
            bundled(
                "llava_textvqa_val_v051_ocr.jsonl",
                "LLaVA's prompts with its recognised text, which published figures rest on")
        ])

    private static let popeSite =
        "https://raw.githubusercontent.com/AoiDragon/POPE/"
        + "e3e39262c85a6a83f26cf5094022a782cb0df58d/output/coco"

    // Later commits have other questions: 3,000 random ones instead of 2,910.
    static let pope = BenchmarkDownload(
        benchmark: "pope", licence: "MIT (labels), CC BY 4.0 (COCO annotations)",
        files: [
            .init(
                "\(popeSite)/coco_pope_random.json", as: "coco/coco_pope_random.json",
                content: "2,910 questions on random objects", bytes: 360_212,
                sha256: "c16b65d2df6d70bb0814c8a4375833d39cdb09928fd936d3fc546491efa37f35"),
            .init(
                "\(popeSite)/coco_pope_popular.json", as: "coco/coco_pope_popular.json",
                content: "3,000 questions on frequent objects", bytes: 370_234,
                sha256: "5b16653023bf4f64d57eb0d168259de6627f5cde7538b85ebed3cc33034aa6cc"),
            .init(
                "\(popeSite)/coco_pope_adversarial.json", as: "coco/coco_pope_adversarial.json",
                content: "3,000 questions on objects that are often seen together", bytes: 370_459,
                sha256: "1d8f0906a9b50c05640f6f23abfac97523be2a1bed28f7eadc63b811699b2d26"),
            .init(
                "http://images.cocodataset.org/zips/val2014.zip", as: "val2014.zip", .pictures,
                content: "images of COCO val2014, about 6 GB"),
        ],
        manual: [bundled("llava_pope_test.jsonl", "LLaVA's questions and their ids")])
}
