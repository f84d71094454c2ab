import MiphaData
import MiphaFiles
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// The run's folder is enough to repeat the run.
@Suite struct RepeatedRunTests {
    /// A run that uses much of what there is.
    enum Kind: String, CaseIterable {
        case align, alignParity, instruct, adapters, packed, budget, text

        func apply(to run: inout RunConfiguration, _ tiny: TinyRun) throws {
            run.validationSplit = 0
            switch self {
            case .align, .alignParity:
                run.stage = self == .align ? .align : .alignParity
                run.dataFiles = [
                    try tiny.data(
                        "captions.json",
                        [0, 1, 2, 4, 5, 6].map {
                            Conversation("<image>", "picture \($0)", pictures: ["\($0).png"])
                        })
                ]
                run.featureFolder = tiny.folder.file("features-\(rawValue)")
                run.samplingOrder = .length
            case .instruct:
                run.dataFiles.append(
                    try tiny.data(
                        "more.json", (0..<5).map { Conversation("Number \($0)?", "it is \($0)") }))
                run.dataWeights = [0.75, 2]
                run.samplingOrder = .modalityLength
                run.learningRates = [.tower: 1e-4]
                run.averageDecay = 0.9
                run.badSamples = .skip
            case .adapters:
                run.stage = .instructLoRA
                run.adapters.rank = 2
                run.adapters.dropout = 0.2
                run.base.isFourBit = true
                run.samplingOrder = .length
            case .packed:
                run.packing = true
                run.checkpointing = true
                run.dtype = .bfloat16
                run.schedule = .wsd
                run.tune = [.tower: .last(1), .head: .frozen]
            case .budget:
                run.packing = true
                run.packingBudget = 320
                run.batchSize = 1
                run.lossReduction = .microBatch
            case .text:
                run.stage = .sft
                run.dataFiles = [
                    try tiny.data(
                        "text.json", (0..<6).map { Conversation("Number \($0)?", "it is \($0)") })
                ]
                run.zLoss = 1e-4
                run.maximumGradientNorm = 0.5
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func `the resolved run file gives the same weights again`(kind: Kind) throws {
        let tiny = try TinyRun(samples: 8, dropout: 0.1)
        var run = tiny.run
        run.maximumSteps = nil
        run.epochs = 2
        run.accumulation = 1
        try kind.apply(to: &run, tiny)
        try progress(run)
        let again = try RunConfiguration(
            contentsOf: "\(run.outputFolder)/resolved.yaml",
            overrides: [
                "output_dir=\(tiny.folder.file("again"))", "dataloader_num_workers=1",
                "save_steps=0",
            ])
        try progress(again)
        let files =
            switch kind {
            case .adapters: ["adapter_model.safetensors", "non_lora_trainables.safetensors"]
            case .instruct: ["model.safetensors", "ema/model.safetensors"]
            default: ["model.safetensors"]
            }
        for file in files {
            let digest = try SHA256Digest(contentsOf: "\(run.outputFolder)/\(file)")
            #expect(
                try digest == SHA256Digest(contentsOf: "\(again.outputFolder)/\(file)"), "\(file)")
        }
        var other = again
        other.seed += 1
        other.outputFolder += "-other"
        try progress(other)
        #expect(
            try SHA256Digest(contentsOf: "\(other.outputFolder)/\(files[0])")
                != SHA256Digest(contentsOf: "\(run.outputFolder)/\(files[0])"))
    }
}
