import MiphaFiles
import MiphaNN

extension TrainingProgress {
    /// The line of `metrics.jsonl`; a number that is not finite is `null`.
    ///
    /// - Parameter rates: learning rates of groups that have their own.
    func json(rates: [(group: ModelPart, rate: Double)]) -> JSONObject {
        var line: JSONObject = [
            "step": .integer(step), "epoch": .double(epoch), "loss": Self.number(loss),
            "learning_rate": .double(learningRate), "grad_norm": Self.number(gradientNorm),
            "supervised_tokens": .integer(supervisedTokens), "tokens": .integer(tokens),
            "seconds": .double(seconds), "tokens_per_second": .double(tokensPerSecond),
            "wait_seconds": .double(secondsWaited),
        ]
        for (group, rate) in rates { line["learning_rate/\(group.rawValue)"] = .double(rate) }
        if let features {
            line["feature_hits"] = .integer(features.hits)
            line["feature_misses"] = .integer(features.misses)
        }
        if let validationLoss { Self.addValidation(validationLoss, validationFigures, to: &line) }
        for figure in figures { line[figure.name] = Self.number(figure.value) }
        if isSkipped { line["skipped"] = true }
        return line
    }

    private static func number(_ value: Double) -> JSONValue {
        value.isFinite ? .double(value) : .null
    }

    /// Adds what a validation measured to a line of `metrics.jsonl`.
    static func addValidation(_ loss: Double, _ figures: [Figure], to line: inout JSONObject) {
        line["validation_loss"] = number(loss)
        for figure in figures { line["validation_\(figure.name)"] = number(figure.value) }
    }

    /// The results of a validation, for TensorBoard.
    static func scalars(
        ofValidation loss: Double, _ figures: [Figure]
    ) -> [TensorBoardEvent.Scalar] {
        [TensorBoardEvent.Scalar("validation/loss", Float(loss))]
            + figures.map { TensorBoardEvent.Scalar("validation/\($0.name)", Float($0.value)) }
    }

    /// The numbers for TensorBoard.
    func scalars(
        rates: [(group: ModelPart, rate: Double)]
    ) -> [TensorBoardEvent.Scalar] {
        var scalars =
            supervisedTokens > 0 ? [TensorBoardEvent.Scalar("train/loss", Float(loss))] : []
        scalars += [
            TensorBoardEvent.Scalar("train/learning_rate", Float(learningRate)),
            TensorBoardEvent.Scalar("train/grad_norm", Float(gradientNorm)),
            TensorBoardEvent.Scalar("train/epoch", Float(epoch)),
            TensorBoardEvent.Scalar("speed/tokens_per_second", Float(tokensPerSecond)),
            TensorBoardEvent.Scalar("speed/wait_seconds", Float(secondsWaited)),
            TensorBoardEvent.Scalar("speed/seconds_per_update", Float(seconds)),
        ]
        for (group, rate) in rates {
            scalars.append(
                TensorBoardEvent.Scalar("train/learning_rate/\(group.rawValue)", Float(rate)))
        }
        scalars += figures.map { TensorBoardEvent.Scalar("train/\($0.name)", Float($0.value)) }
        if let validationLoss {
            scalars += Self.scalars(ofValidation: validationLoss, validationFigures)
        }
        return scalars
    }
}
