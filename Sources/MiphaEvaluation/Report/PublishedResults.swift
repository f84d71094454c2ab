/// Scores that authors published, for comparison.
///
/// Every benchmark is given as its authors' tables give it: percent, sums of points for MME.
/// VizWiz and ScienceQA's images (`SQA-I`) are test results, MMB is MMBench dev. Values that could
/// not be confirmed are left out.
public enum PublishedResults {
    /// The benchmark columns in the order of the papers.
    public static let columns: [ReferenceTable.Column] = [
        .init("VQAv2"), .init("GQA"), .init("VizWiz"),
        .init("SQA-I", aliases: ["SQA", "ScienceQA", "ScienceQA-IMG"]),
        .init("VQA-T", aliases: ["TextVQA"]),
        .init("MME-P", fullScale: 2000), .init("MME-C", fullScale: 800),
        .init("MMB", aliases: ["MMBench", "MMBench-EN"]),
        .init("MMB-CN", aliases: ["MMBench-CN"]), .init("MM-Vet", aliases: ["MMVet"]),
        .init("POPE"), .init("MMMU"), .init("SEED", aliases: ["SEED-Bench"]),
        .init("LLaVA-W", aliases: ["LLaVA-Bench"]),
    ]

    /// The Mipha models.
    ///
    /// Zhu et al., "Mipha: A Comprehensive Overhaul of Multimodal Assistant with Small Language
    /// Models" (2024), zhuyiche/llava-phi `README.md`. MME-C and MM-Vet of the two smaller ones:
    /// table of NKU-MetautoAI awesome-large-vision-language-models; VizWiz, MME-C, MM-Vet and MMMU of
    /// 3B: Olympus (arXiv 2412.09612), table 1.
    public static let mipha: [ReferenceTable.Row] = [
        .init(
            "Mipha-1.7B", source: "Mipha README",
            values: [
                "VQAv2": 77.5, "GQA": 62.7, "SQA-I": 58.3, "VQA-T": 45.6, "MME-P": 1203.1,
                "MME-C": 247.9, "MMB": 57.7, "MM-Vet": 23.5, "POPE": 86.9,
            ]),
        .init(
            "Mipha-2.4B", source: "Mipha README",
            values: [
                "VQAv2": 79.5, "GQA": 63.3, "SQA-I": 65.3, "VQA-T": 52.4, "MME-P": 1397.1,
                "MME-C": 265.7, "MMB": 59.4, "MM-Vet": 29.9, "POPE": 86.6,
            ]),
        .init(
            "Mipha-3B", source: "Mipha README",
            values: [
                "VQAv2": 81.3, "GQA": 63.9, "VizWiz": 45.7, "SQA-I": 70.9, "VQA-T": 56.6,
                "MME-P": 1488.9, "MME-C": 295.0, "MMB": 69.7, "MM-Vet": 32.1, "POPE": 86.7,
                "MMMU": 32.5,
            ]),
    ]

    /// The LLaVA-1.5 models, all weights trained.
    ///
    /// Liu et al., "Improved Baselines with Visual Instruction Tuning" (2023),
    /// haotian-liu/LLaVA `docs/MODEL_ZOO.md`; MME-C and MMMU of 7B: Olympus (arXiv 2412.09612),
    /// table 1.
    public static let llava: [ReferenceTable.Row] = [
        .init(
            "LLaVA-1.5-7B", source: "LLaVA model zoo",
            values: [
                "VQAv2": 78.5, "GQA": 62.0, "VizWiz": 50.0, "SQA-I": 66.8, "VQA-T": 58.2,
                "POPE": 85.9, "MME-P": 1510.7, "MME-C": 316.1, "MMB": 64.3, "MMB-CN": 58.3,
                "SEED": 58.6, "LLaVA-W": 65.4, "MM-Vet": 31.1, "MMMU": 32.0,
            ]),
        .init(
            "LLaVA-1.5-13B", source: "LLaVA model zoo",
            values: [
                "VQAv2": 80.0, "GQA": 63.3, "VizWiz": 53.6, "SQA-I": 71.6, "VQA-T": 61.3,
                "POPE": 85.9, "MME-P": 1531.3, "MMB": 67.7, "MMB-CN": 63.6, "SEED": 61.6,
                "LLaVA-W": 72.5, "MM-Vet": 36.1,
            ]),
    ]

    /// Other models, mostly of a similar size, as quoted by Olympus (arXiv 2412.09612), table 1.
    public static let others: [ReferenceTable.Row] = [
        .init(
            "LLaVA-Phi-3B", source: "Olympus, table 1",
            values: [
                "VQAv2": 71.4, "VizWiz": 35.9, "SQA-I": 68.4, "VQA-T": 48.6, "MME-P": 1335.1,
                "MMB": 59.8, "MM-Vet": 28.9, "POPE": 85.0,
            ]),
        .init(
            "Imp-v1 3B", source: "Olympus, table 1",
            values: [
                "VQAv2": 79.5, "GQA": 58.6, "SQA-I": 70.0, "VQA-T": 59.4, "MME-P": 1434.0,
                "MMB": 66.5, "MM-Vet": 33.1, "POPE": 88.0,
            ]),
        .init(
            "MoE-LLaVA-3.6B", source: "Olympus, table 1",
            values: [
                "VQAv2": 79.9, "GQA": 62.6, "VizWiz": 43.7, "SQA-I": 70.3, "VQA-T": 57.0,
                "MME-P": 1431.3, "MMB": 68.0, "MM-Vet": 35.9, "POPE": 85.7,
            ]),
        .init(
            "TinyLLaVA-3B", source: "Olympus, table 1",
            values: [
                "VQAv2": 79.9, "GQA": 62.0, "SQA-I": 69.1, "VQA-T": 59.1, "MME-P": 1464.9,
                "MMB": 66.9, "MM-Vet": 32.0, "POPE": 86.4,
            ]),
        .init(
            "Bunny-3B", source: "Olympus, table 1",
            values: [
                "VQAv2": 79.8, "GQA": 62.5, "SQA-I": 70.9, "MME-P": 1488.8, "MMB": 68.6,
                "POPE": 86.8,
            ]),
        .init(
            "MobileVLM-3B", source: "Olympus, table 1",
            values: [
                "GQA": 59.0, "SQA-I": 61.2, "VQA-T": 47.5, "MME-P": 1288.9, "MMB": 59.6,
                "POPE": 84.9,
            ]),
        .init(
            "MobileVLM-v2-3B", source: "Olympus, table 1",
            values: [
                "GQA": 61.1, "SQA-I": 70.0, "VQA-T": 57.5, "MME-P": 1440.5, "MMB": 63.2,
                "POPE": 84.7,
            ]),
        .init(
            "Qwen-VL-Chat 7B", source: "Olympus, table 1",
            values: [
                "VQAv2": 78.2, "GQA": 57.5, "VizWiz": 38.9, "SQA-I": 68.2, "VQA-T": 61.5,
                "MME-P": 1487.5, "MMB": 60.6,
            ]),
        .init(
            "mPLUG-Owl2 7B", source: "Olympus, table 1",
            values: [
                "VQAv2": 79.4, "GQA": 56.1, "VizWiz": 54.5, "SQA-I": 68.7, "VQA-T": 58.2,
                "MME-P": 1450.2, "MMB": 64.5, "MM-Vet": 36.2, "POPE": 85.8,
            ]),
    ]

    /// The rows that reports show by default: Mipha and LLaVA-1.5.
    public static let standard = ReferenceTable(rows: mipha + llava)
}
