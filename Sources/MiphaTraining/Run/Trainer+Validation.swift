import MiphaData
import MiphaFiles
import MiphaModels
import MiphaTorch

extension Trainer {
    /// Whether the validation loss is to be measured after the updates done.
    var isValidationStep: Bool {
        validation != nil
            && (state.step % run.evaluationSteps == 0 || state.step == plan.totalSteps)
    }

    /// Measures the validation loss, when it is due.
    ///
    /// - Returns: whether it is the lowest so far and its checkpoint is to be kept; `nil` when the run is
    ///   to stop, and the loss is still due then.
    func validate(_ recorder: Recorder, shouldStop: () -> Bool) throws -> Bool? {
        recorder.validationLoss = nil
        recorder.validationFigures = []
        guard state.isValidationDue, let validation else { return false }
        guard let sums = try measure(validation, recorder, shouldStop: shouldStop) else {
            return nil
        }
        state.isValidationDue = false
        guard sums.weight > 0 else { return false }
        let loss = sums.loss / Double(sums.weight)
        recorder.validationLoss = loss
        recorder.validationFigures = figures(sums.figures, weight: sums.weight)
        let isBest = loss.isFinite && loss < sums.lowest
        recorder.say(
            "update \(state.step): validation loss \(loss)\(isBest ? ", the lowest so far" : "")")
        return isBest && run.keepsBest
    }

    /// Measures the validation loss that a stop left to be measured.
    ///
    /// - Returns: false when the run is to stop.
    func validateLeftOver(_ session: RunSession, shouldStop: () -> Bool) throws -> Bool {
        let recorder = session.recorder
        guard let isBest = try validate(recorder, shouldStop: shouldStop) else { return false }
        if let loss = recorder.validationLoss, let log = session.log {
            let figures = recorder.validationFigures
            var line: JSONObject = ["step": .integer(state.step)]
            TrainingProgress.addValidation(loss, figures, to: &line)
            log.metrics(line)
            log.scalars(TrainingProgress.scalars(ofValidation: loss, figures), step: state.step)
        }
        if isBest { try save(session, isBest: true) }
        return true
    }

    private struct ValidationSums {
        var loss = 0.0
        var weight = 0
        var figures: [Double]
        /// The lowest loss before.
        var lowest = Double.infinity
    }

    /// Sums of losses and of the objective's figures over the validation data, without dropout.
    ///
    /// Processes share the batches; all run the same number of passes.
    ///
    /// - Returns: `nil` when the run is to stop.
    private func measure(
        _ data: TrainingDataSet, _ recorder: Recorder, shouldStop: () -> Bool
    ) throws -> ValidationSums? {
        var sums = ValidationSums(figures: objective.figures.map { _ in 0.0 })
        let loader = validationLoader(data)
        defer { loader.stop() }
        while true {
            let next = Result { try loader.next() }
            let isOver = if case .success(nil) = next { true } else { false }
            let failure: (any Error)? = if case .failure(let error) = next { error } else { nil }
            let votes = [isOver ? 1.0 : 0, shouldStop() ? 1 : 0, failure == nil ? 0 : 1]
            let ballot = try parallel?.sum(votes) ?? votes
            guard ballot[2] == 0 else { throw Self.shared(failure) }
            if ballot[1] > 0 {
                try shareIncidents(recorder)
                return nil
            }
            guard ballot[0] == 0, let batch = try next.get() else { break }
            recorder.take(batch.badSamples, ofValidationAfter: state.step)
            record(idleOf: batch, of: .validation, step: state.step, recorder)
            let weight = objective.weight(of: batch.samples)
            parallel?.begin(isLast: false)
            if weight > 0 {
                let pass = try objective.pass(
                    self.batch(batch.samples), numbers: batch.indices, of: .validation,
                    dropout: nil)
                sums.loss += try forward(pass.chain).item()
                sums.weight += weight
                sums.figures = zip(sums.figures, pass.figures()).map { $0 + $1 }
            }
            try parallel?.didEndForward()
        }
        try shareIncidents(recorder)
        return try shared(sums)
    }

    /// This process's batches of a data set; all processes have the same number, some of them empty.
    private func validationLoader(_ data: TrainingDataSet) -> SampleLoader {
        let (rank, world) = (parallel?.group.rank ?? 0, parallel?.group.worldSize ?? 1)
        let size = run.batchSize
        return SampleLoader(data, settings: run.loading) { number in
            guard number * size * world < data.count else { return nil }
            let start = min((number * world + rank) * size, data.count)
            return Array(start..<min(start + size, data.count))
        }
    }

    /// The sums of all processes; the lowest loss before is what rank 0 knows.
    private func shared(_ own: ValidationSums) throws -> ValidationSums {
        var sums = own
        let best = nextBest ?? state.best
        guard let parallel else {
            sums.lowest = best?.loss ?? .infinity
            return sums
        }
        let known = parallel.group.rank == 0 ? best : nil
        let totals = try parallel.sum(
            [own.loss, Double(own.weight), known == nil ? 0 : 1, known?.loss ?? 0] + own.figures)
        sums.loss = totals[0]
        sums.weight = Int(totals[1])
        sums.lowest = totals[2] > 0 ? totals[3] : .infinity
        sums.figures = Array(totals.dropFirst(4))
        return sums
    }

    /// Runs a chain without gradients; processes give each other the weights on the way.
    private func forward(_ chain: LossChain) throws -> Tensor {
        var state = chain.input
        for segment in chain.segments {
            try parallel?.willRun(segment)
            state = try withoutGradients { () throws(TensorError) in try segment(state) }
            try parallel?.didRun(segment)
        }
        return state
    }
}
