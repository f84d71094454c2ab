extension BenchmarkDownloads {
    static let mme = BenchmarkDownload(
        benchmark: "mme", licence: "none stated; for research",
        files: [
            .init(
                "https://huggingface.co/datasets/darkyarding/MME/resolve/main/"
                    + "MME_Benchmark_release_version.zip", as: "MME_Benchmark_release_version.zip",
                .pictures, content: "images with questions and answers of 14 tasks")
        ],
        manual: [
            .init(
                "llava_mme.jsonl", content: "LLaVA's questions",
                page: "https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md",
                instruction:
                    "In LLaVA's eval.zip on Google Drive, which asks for a confirmation in "
                    + "the browser: download it there and take the file out.", isOptional: true)
        ])

    private static let mmbenchSite = "https://opencompass.openxlab.space/utils/benchmarks/MMBench"
    private static let legacySite =
        "https://download.openmmlab.com/mmclassification/datasets/mmbench"

    static let mmbench = BenchmarkDownload(
        benchmark: "mmbench", licence: "Apache-2.0",
        files: [
            .init(
                "\(legacySite)/mmbench_dev_20230712.tsv", as: "mmbench_dev_20230712.tsv",
                content: "the first release, which published figures rest on, with images"),
            .init(
                "\(mmbenchSite)/MMBench_DEV_EN.tsv", as: "MMBench_DEV_EN.tsv", .other,
                content: "dev of the current release, with images",
                md5: "b6caf1133a01c6bb705cf753bb527ed8"),
            .init(
                "\(mmbenchSite)/MMBench_DEV_EN_V11.tsv", as: "MMBench_DEV_EN_V11.tsv", .other,
                content: "dev of version 1.1, with images",
                md5: "30c05be8f2f347a50be25aa067248184"),
        ])

    static let mmbenchCN = BenchmarkDownload(
        benchmark: "mmbench-cn", licence: "Apache-2.0",
        files: [
            .init(
                "\(legacySite)/mmbench_dev_cn_20231003.tsv", as: "mmbench_dev_cn_20231003.tsv",
                content: "the first release, which published figures rest on, with images"),
            .init(
                "\(mmbenchSite)/MMBench_DEV_CN.tsv", as: "MMBench_DEV_CN.tsv", .other,
                content: "dev of the current release, with images",
                md5: "08b8fc3324a5ed74155350f57be69fbd"),
            .init(
                "\(mmbenchSite)/MMBench_DEV_CN_V11.tsv", as: "MMBench_DEV_CN_V11.tsv", .other,
                content: "dev of version 1.1, with images",
                md5: "593f9b5f6bea453d870a798b34ae4f37"),
        ])

    static let mmvet = BenchmarkDownload(
        benchmark: "mmvet", licence: "CC BY-NC 4.0",
        files: [
            .init(
                "https://github.com/yuweihao/MM-Vet/releases/download/v1/mm-vet.zip",
                as: "mm-vet.zip", content: "questions, answers, capabilities and images")
        ])

    private static let seedSite =
        "https://huggingface.co/datasets/AILab-CVC/SEED-Bench/resolve/main"

    static let seed = BenchmarkDownload(
        benchmark: "seed",
        licence: "CC BY-NC 4.0 (annotations); images and videos under their own",
        files: [
            .init(
                "\(seedSite)/SEED-Bench.json", as: "SEED-Bench.json",
                content: "questions, options and answers"),
            .init(
                "\(seedSite)/SEED-Bench-image.zip", as: "SEED-Bench-image.zip", .pictures,
                content: "images of the nine image tasks"),
        ],
        manual: [
            .init(
                "SEED-Bench-video-image", content: "the middle frame of each video",
                page: "https://github.com/AILab-CVC/SEED-Bench/blob/main/DATASET.md",
                instruction: "The videos come from three collections with forms of their own; get "
                    + "them as the page says and take out the middle frames. Without them only "
                    + "the image tasks can be asked.", isOptional: true)
        ])

    private static let wildSite =
        "https://huggingface.co/datasets/liuhaotian/llava-bench-in-the-wild/resolve/main"

    static let llavaBench = BenchmarkDownload(
        benchmark: "llavabench", licence: "Apache-2.0",
        files: [
            .init("\(wildSite)/questions.jsonl", as: "questions.jsonl", content: "60 questions"),
            .init(
                "\(wildSite)/context.jsonl", as: "context.jsonl",
                content: "descriptions of the images"),
            .init(
                "\(wildSite)/answers_gpt4.jsonl", as: "answers_gpt4.jsonl",
                content: "reference answers"),
            .init(
                "https://raw.githubusercontent.com/haotian-liu/LLaVA/"
                    + "c121f0432da27facab705978f83c4ada465e46fd/llava/eval/table/rule.json",
                as: "rule.json", content: "the judge's instructions", bytes: 9098,
                sha256: "dd7345a44ce9f7a24e51a30ee030cdab32346f9d08e3359c80545ff1312b1e07"),
        ]
            + (1...24).map { number in
                let name = number < 10 ? "00\(number).jpg" : "0\(number).jpg"
                return .init(
                    "\(wildSite)/images/\(name)", as: "images/\(name)", .pictures,
                    content: "image \(number) of 24")
            })

    static let mmmu = BenchmarkDownload(
        benchmark: "mmmu", licence: "Apache-2.0",
        files: [
            .init(
                "https://raw.githubusercontent.com/MMMU-Benchmark/MMMU/"
                    + "bb0b95a945998d91dfef37e969e07d49d1139438/mmmu/answer_dict_val.json",
                as: "answer_dict_val.json", content: "question types and right answers",
                bytes: 102_911,
                sha256: "76080f5597b8f4d29abba8551489c4b82e4a285b9d62b946fd67a1952e95502c")
        ],
        manual: [
            .init(
                "validation.jsonl", content: "the 900 questions of the split validation",
                page: "https://huggingface.co/datasets/MMMU/MMMU",
                instruction: "Published as Parquet only, one file for each of 30 subjects: export "
                    + "the rows as JSON lines and the images as files. Scoring alone does not "
                    + "need it.", isOptional: true)
        ])

    static let chartQA = BenchmarkDownload(
        benchmark: "chartqa", licence: "GPL-3.0",
        files: [
            .init(
                "https://huggingface.co/datasets/ahmed-masry/ChartQA/resolve/main/"
                    + "ChartQA%20Dataset.zip", as: "ChartQA Dataset.zip", .pictures,
                content: "questions, answers and images")
        ])

    static let docVQA = BenchmarkDownload(
        benchmark: "docvqa", licence: "terms of the Robust Reading Competition",
        manual: [
            .init(
                "val_v1.0.json", content: "questions and answers of val",
                page: "https://rrc.cvc.uab.es/?ch=17&com=downloads",
                instruction:
                    "Needs an account of the Robust Reading Competition: register, log in, "
                    + "choose Downloads, task 1 (Single Document VQA), validation set."),
            .init(
                "documents", content: "the images of the pages",
                page: "https://rrc.cvc.uab.es/?ch=17&com=downloads",
                instruction: "On the same page; unpack so that documents/ holds the images."),
        ])

    static let ai2d = BenchmarkDownload(
        benchmark: "ai2d", licence: "CC BY-SA 4.0 by AI2; check before passing on",
        files: [
            .init(
                "https://ai2-public-datasets.s3.amazonaws.com/diagrams/ai2d-all.zip",
                as: "ai2d-all.zip", .pictures, content: "diagrams with questions and answers"),
            .init(
                "https://s3-us-east-2.amazonaws.com/prior-datasets/ai2d_test_ids.csv",
                as: "ai2d_test_ids.csv", content: "ids of the test diagrams"),
        ],
        manual: [
            .init(
                "test.jsonl", content: "the questions as the public tables use them, by lmms-eval",
                page: "https://huggingface.co/datasets/lmms-lab/ai2d",
                instruction: "Published as Parquet only: export the rows as JSON lines. AI2's own "
                    + "files do as well.", isOptional: true)
        ])
}
