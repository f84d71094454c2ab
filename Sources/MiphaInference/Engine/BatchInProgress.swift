package import MiphaChat
import MiphaModels

/// The answers of one session between two tokens; one answer is a batch too.
package struct BatchInProgress {
    /// Receives what happens to each request, by its place in the list.
    package struct Observer: Sendable {
        var event: @Sendable (Int, ChatEvent) -> Void
        var end: @Sendable (Int, Result<ChatReply, any Error>) -> Void

        /// Makes an observer; what is left out is not reported.
        package init(
            event: @escaping @Sendable (Int, ChatEvent) -> Void = { _, _ in },
            end: @escaping @Sendable (Int, Result<ChatReply, any Error>) -> Void = { _, _ in }
        ) {
            self.event = event
            self.end = end
        }
    }

    private struct Row {
        let place: Int
        var answer: AnswerInProgress
        var failure: (any Error)?
    }

    private let session: DecodingSession?
    private let observer: Observer
    private var rows: [Row] = []
    private var open: [Int]
    private var hasStarted = false
    private var spent = ChatTimings()
    private var outcomes: [Result<ChatReply, any Error>?]

    /// Plans the answers; a prompt beyond the context fails alone.
    init(
        _ bundle: ModelBundle, _ requests: [PreparedRequest], prefixes: PrefixCache?,
        observer: Observer
    ) throws {
        self.observer = observer
        outcomes = Array(repeating: nil, count: requests.count)
        for (place, request) in requests.enumerated() {
            do {
                rows.append(Row(place: place, answer: try AnswerInProgress(bundle, request)))
            } catch {
                outcomes[place] = .failure(error)
                observer.end(place, .failure(error))
            }
        }
        open = Array(rows.indices)
        session =
            rows.isEmpty
            ? nil
            : try DecodingSession(
                bundle.model, prompts: rows.map(\.answer.prompt), prefixes: prefixes,
                sampling: rows.map { requests[$0.place].sampling })
    }

    /// The amount of computation so far.
    var statistics: BatchStatistics { session?.statistics ?? BatchStatistics() }

    /// The results in the order of the requests, when all have ended.
    var results: [Result<ChatReply, any Error>] { outcomes.compactMap { $0 } }

    /// Encodes some images, reads a beginning, or appends a token to every open answer.
    ///
    /// - Returns: whether any answer is open.
    mutating func advance() throws -> Bool {
        guard let session, !open.isEmpty else { return false }
        if try session.prepare() { return true }
        if !hasStarted {
            hasStarted = true
            for row in open {
                observer.event(rows[row].place, .started(rows[row].answer.initialUsage))
            }
        }
        let former = open
        open = []
        _ = try session.advance(choosing: { row, logits in take(row, logits) })
        charge(former)
        for row in former where rows[row].failure != nil || rows[row].answer.isFinished {
            close(row)
        }
        return !open.isEmpty
    }

    /// Ends the answers that are open.
    mutating func cancel() {
        charge(open)
        for row in open { close(row) }
        open = []
    }

    private mutating func take(_ row: Int, _ logits: NextLogits) -> Int? {
        do {
            observer.event(rows[row].place, .piece(try rows[row].answer.take(logits)))
        } catch {
            rows[row].failure = error
            return nil
        }
        guard let next = rows[row].answer.pending else { return nil }
        open.append(row)
        return next
    }

    private mutating func close(_ row: Int) {
        let place = rows[row].place
        var result: Result<ChatReply, any Error>
        if let failure = rows[row].failure {
            result = .failure(failure)
        } else {
            let (reply, rest) = rows[row].answer.finish()
            if !rest.isEmpty { observer.event(place, .piece(ChatPiece(text: rest, tokens: []))) }
            observer.event(place, .finished(reply.outcome))
            result = .success(reply)
        }
        outcomes[place] = result
        observer.end(place, result)
    }

    /// Divides the seconds since the last time evenly among the answers that took part.
    private mutating func charge(_ part: [Int]) {
        guard let session else { return }
        let now = session.timings
        let seeing = part.filter { !rows[$0].answer.prompt.images.isEmpty }
        for row in seeing {
            rows[row].answer.timings.vision += (now.vision - spent.vision) / Double(seeing.count)
        }
        for row in part {
            rows[row].answer.timings.prefill += (now.prefill - spent.prefill) / Double(part.count)
            rows[row].answer.timings.decode += (now.decode - spent.decode) / Double(part.count)
        }
        spent = now
    }
}
