public import MiphaBenchmarks

/// Gets the grades of a plan from a judge.
public struct JudgeRun: Sendable {
    /// The benchmark.
    public let benchmark: any JudgedBenchmark
    /// What to ask.
    public let plan: JudgePlan
    /// Whom to ask.
    public let client: JudgeClient

    /// Makes a run.
    public init(benchmark: any JudgedBenchmark, plan: JudgePlan, client: JudgeClient) {
        self.benchmark = benchmark
        self.plan = plan
        self.client = client
    }

    /// What ``outcomes(progress:)`` will ask, for people to agree to.
    public func estimate() async throws(EvaluationError) -> JudgeEstimate {
        var estimate = JudgeEstimate()
        for task in plan.tasks {
            for request in task.requests {
                guard let reply = try await client.cached(request) else {
                    estimate.requests += 1
                    estimate.promptTokens += request.estimatedTokens
                    estimate.completionTokens += request.maxTokens
                    break
                }
                estimate.cached += 1
                if benchmark.grade(reply.text) != nil { break }
            }
        }
        return estimate
    }

    /// Asks for all grades, several at once.
    ///
    /// - Parameter progress: called with the number of graded tasks and of all.
    /// - Returns: one outcome for each task, in their order.
    /// - Throws: `EvaluationError` of the first request that failed for good; what was answered by
    ///   then is in the cache.
    public func outcomes(
        progress: @escaping @Sendable (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) async throws(EvaluationError) -> [JudgeOutcome] {
        do {
            return try await withThrowingTaskGroup(of: (Int, JudgeOutcome).self) { group in
                var results = [JudgeOutcome?](repeating: nil, count: plan.tasks.count)
                var next = 0
                var done = 0
                func start() {
                    guard next < plan.tasks.count else { return }
                    let place = next
                    next += 1
                    group.addTask { (place, try await outcome(of: plan.tasks[place])) }
                }
                for _ in 0..<max(client.endpoint.concurrency, 1) { start() }
                while let (place, outcome) = try await group.next() {
                    results[place] = outcome
                    done += 1
                    progress(done, plan.tasks.count)
                    start()
                }
                return results.compactMap { $0 }
            }
        } catch let error as EvaluationError {
            throw error
        } catch {
            throw EvaluationError(.judge, "the judge was not asked to the end: \(error)")
        }
    }

    private func outcome(of task: JudgeTask) async throws(EvaluationError) -> JudgeOutcome {
        var reply = JudgeReply(text: "", model: "")
        for (index, request) in task.requests.enumerated() {
            reply = try await client.reply(to: request)
            if let grade = benchmark.grade(reply.text) {
                return JudgeOutcome(task: task, reply: reply, grade: grade, attempts: index + 1)
            }
        }
        return JudgeOutcome(task: task, reply: reply, grade: nil, attempts: task.requests.count)
    }
}
