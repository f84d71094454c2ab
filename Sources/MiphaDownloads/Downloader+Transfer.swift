import Foundation
import Logging

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension Downloader {
    /// Transfers until `X.part` is whole.
    func transfer(
        _ file: RemoteFile, to target: String,
        _ progress: @escaping @Sendable (Int, Int?) -> Void
    ) async throws(DownloadError) {
        var failures = 0
        // A server without ranges sends the same bytes again: only a longer part is progress.
        var longest = PartialFile(for: target).size
        var restarts = 0
        while true {
            let plan = TransferPlan(file, target: target)
            if plan.start > 0, plan.start == plan.total { return }
            guard let request = plan.request else {
                throw DownloadError(
                    .invalidRequest,
                    "cannot download \(file.url): expected an address with http or https")
            }
            if plan.start > 0 {
                logger.debug("\(file.name): continued at byte \(plan.start)")
            }
            let delegate = TransferDelegate(plan: plan, progress: progress)
            let outcome = await delegate.run(request, sessionConfiguration)
            if Task.isCancelled {
                throw Self.stopped(file)
            }
            let reason: String
            var pause: Int?
            switch outcome {
            case .complete:
                let size = plan.partial.size
                guard let total = plan.total, size != total else { return }
                if size > total {
                    plan.partial.remove()
                    throw plan.wrongSize(size)
                }
                reason = "the connection ended after \(size) of \(total) bytes"
            case .broken(let why): reason = why
            case .failed(let error), .refused(.final(let error)): throw error
            case .refused(.whole): return
            case .refused(.restart(let why)):
                plan.partial.remove()
                restarts += 1
                reason = why
                logger.debug("\(file.name): \(why); started again")
                if restarts < 3 { continue }
            case .refused(.later(let why, let after)):
                reason = why
                pause = after
            }
            let size = plan.partial.size
            failures = size > longest ? 1 : failures + 1
            longest = max(longest, size)
            guard failures < max(attempts, 1) else {
                throw Self.givenUp(file, reason, failures)
            }
            let seconds = seconds(before: failures, pause)
            logger.debug("\(file.name): \(reason); next attempt in \(Self.text(seconds)) s")
            try? await Task.sleep(for: .seconds(seconds))
        }
    }

    private static func stopped(_ file: RemoteFile) -> DownloadError {
        DownloadError(
            .network,
            "download of \(file.url) was stopped; the part is kept, repeat to go on from there")
    }

    private static func givenUp(
        _ file: RemoteFile, _ reason: String, _ failures: Int
    ) -> DownloadError {
        DownloadError(
            .network,
            "cannot download \(file.url): \(reason); gave up after \(failures) attempts "
                + "without progress, repeat to go on")
    }

    /// How long to wait before the next attempt: what the server asks for, at most a minute.
    private func seconds(before failures: Int, _ asked: Int?) -> Double {
        var seconds = firstPause
        for _ in 1..<failures { seconds *= 2 }
        if let asked, asked > 0, firstPause > 0 { seconds = max(seconds, Double(asked)) }
        return min(seconds, 60)
    }

    /// Seconds without a fraction that is 0.
    private static func text(_ seconds: Double) -> String {
        Int(exactly: seconds).map { "\($0)" } ?? "\(seconds)"
    }
}
