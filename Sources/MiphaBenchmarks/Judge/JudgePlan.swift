public import MiphaFiles

/// One grade to get from a judge.
public struct JudgeTask: Sendable {
    /// The question.
    public let id: QuestionID
    /// Which of several runs, from 0.
    public let run: Int
    /// What to ask first; every following request is asked when the reply before it held no grade.
    ///
    /// After the last one the task ends without a grade.
    public let requests: [JudgeRequest]
    /// Further fields of the question that the grade file carries.
    public let fields: JSONObject

    /// Makes a task.
    public init(
        id: QuestionID, run: Int, requests: [JudgeRequest], fields: JSONObject = JSONObject()
    ) {
        self.id = id
        self.run = run
        self.requests = requests
        self.fields = fields
    }
}

/// All that a judge is asked for one set of predictions.
public struct JudgePlan: Sendable {
    /// The grades to get.
    public let tasks: [JudgeTask]
    /// How often every answer is graded.
    public let runs: Int
    /// Remarks on where the instructions come from, for the report.
    public let notes: [String]

    /// Makes a plan.
    public init(tasks: [JudgeTask], runs: Int, notes: [String]) {
        self.tasks = tasks
        self.runs = runs
        self.notes = notes
    }
}

/// What came of a task.
public struct JudgeOutcome: Sendable {
    /// The task.
    public let task: JudgeTask
    /// The last reply.
    public let reply: JudgeReply
    /// The numbers that were read from it; nil when no reply held any.
    public let grade: [Double]?
    /// How many requests it took.
    public let attempts: Int

    /// Makes an outcome.
    public init(task: JudgeTask, reply: JudgeReply, grade: [Double]?, attempts: Int) {
        self.task = task
        self.reply = reply
        self.grade = grade
        self.attempts = attempts
    }
}
