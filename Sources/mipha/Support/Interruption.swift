import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, or another signal, as an ordinary event.
///
/// While a value of this type lives, the signal does not end the process: it raises a flag that
/// loops look at, and calls the handler if there is one.
final class Interruption {
    private let number: Int32
    private let source: any DispatchSourceSignal
    private let flag: Flag

    private final class Flag: Sendable {
        let isRaised = Atomic(false)
    }

    /// Starts to listen; `handler` runs on a queue of its own at every signal.
    init(signal number: Int32 = SIGINT, _ handler: @escaping @Sendable () -> Void = {}) {
        self.number = number
        let flag = Flag()
        self.flag = flag
        // The default action would end the process before the source sees the signal.
        signal(number, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            flag.isRaised.store(true, ordering: .relaxed)
            handler()
        }
        source.activate()
    }

    deinit {
        source.cancel()
        signal(number, SIG_DFL)
    }

    /// Whether the signal came.
    var isRaised: Bool { flag.isRaised.load(ordering: .relaxed) }

    /// The same question for other threads, which may outlive this value.
    var isRaisedNow: @Sendable () -> Bool {
        { [flag] in flag.isRaised.load(ordering: .relaxed) }
    }

    /// Stops a loop after an interrupt.
    ///
    /// - Throws: `CancellationError`.
    func check() throws {
        if isRaised { throw CancellationError() }
    }
}
