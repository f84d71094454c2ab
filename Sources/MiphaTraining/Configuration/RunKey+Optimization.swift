import MiphaTorch

/// The loss, the learning rate and the optimizer.
extension RunKey {
    static let optimization = [
        RunKey(
            "loss_reduction", \.lossReduction, .choice,
            "Every supervised token of an update has the same weight, or every micro-batch has, as in "
                + "the reference."),
        RunKey(
            "z_loss", \.zLoss, .from0(to: 1e6),
            "Weight of the squared log of the softmax's denominator; not in the stage `preference`."
        ),
        RunKey("learning_rate", \.learningRate, .from0To1, "Highest learning rate."),
        RunKey(
            "learning_rates", \.learningRates, .groups(of: .from0To1),
            "Highest learning rate of single groups that are trained."),
        RunKey(
            "lr_scheduler_type", \.schedule, .choice,
            "Shape of the learning rate after the warm-up."),
        RunKey(
            "warmup_ratio", \.warmupRatio, .from0To1,
            "Fraction of the updates in which the learning rate rises."),
        RunKey(
            "decay_ratio", \.decayRatio, .from0To1,
            "Fraction of the updates in which the learning rate falls; used with "
                + "`lr_scheduler_type: wsd`."),
        RunKey(
            "weight_decay", \.optimizer.weightDecay, .from0To1,
            "Decoupled weight decay; biases and norms get none."),
        RunKey(
            "weight_decays", \.weightDecays, .groups(of: .from0To1),
            "Weight decay of single groups that are trained."),
        RunKey(
            "adam_beta1", \.optimizer.beta1, .from0ToBelow1, "Decay of AdamW's first moment."),
        RunKey(
            "adam_beta2", \.optimizer.beta2, .from0ToBelow1,
            "Decay of AdamW's second moment; the default is that of the reference."),
        RunKey(
            "adam_epsilon", \.optimizer.epsilon, .above0(to: 1),
            "Added to the square root of AdamW's second moment; the default is that of the reference."
        ),
        RunKey(
            "optim", \.moments, .choice,
            "AdamW with moments in float32 (8 bytes per parameter), or in 8 bits (2.03 bytes)."),
        RunKey(
            "optimizer_in_backward", \.optimizerInBackward, .flag,
            "Updates each part of the model as soon as its backward pass is done, to save memory."
        ).withoutInfluence,
        RunKey(
            "max_grad_norm", \.maximumGradientNorm, .from0(to: .greatestFiniteMagnitude),
            "Clips the norm of all gradients; 0 disables clipping."),
        RunKey(
            "on_nonfinite", \.nonFinite, .choice,
            "An update whose loss or gradients are not finite ends the run, or changes nothing and is "
                + "recorded."),
        RunKey(
            "spike_factor", \.spikeFactor, .from0(to: 1e9),
            "Records a loss above this many times the median of the last 64; 0 records none."
        ).withoutInfluence,
        RunKey(
            optional: "ema_decay", \.averageDecay, .from0ToBelow1,
            "Decay of a moving average of the trained weights, which the folder `ema/` holds."),
        RunKey(
            "dtype", \.dtype,
            .choice(of: [.float32, .bfloat16], expected: "float32 or bfloat16"),
            "Element type of weights and activations."),
        RunKey(
            "gradient_checkpointing", \.checkpointing, .flag,
            "Recomputes activations in the backward pass, to save memory."),
    ]
}
