import Dispatch
import Synchronization

/// A value protected by a lock, for whose changes threads can wait.
final class Monitor<Value: Sendable>: Sendable {
    private struct State: Sendable {
        var value: Value
        var waiting: [DispatchSemaphore] = []

        mutating func takeWaiting() -> [DispatchSemaphore] {
            defer { waiting.removeAll() }
            return waiting
        }
    }

    private let state: Mutex<State>

    init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    /// Looks at the value.
    func read<Result: Sendable>(_ body: (Value) -> Result) -> Result {
        state.withLock { body($0.value) }
    }

    /// Changes the value and wakes all who wait.
    func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        let (result, woken) = state.withLock { state in
            let result = body(&state.value)
            return (result, state.takeWaiting())
        }
        for semaphore in woken { semaphore.signal() }
        return result
    }

    /// Waits until `body` gives something; `body` then may have changed the value.
    ///
    /// `body` is asked again after every change that another thread makes.
    func wait<Result: Sendable>(for body: (inout Value) -> Result?) -> Result {
        while true {
            let semaphore = DispatchSemaphore(value: 0)
            let (result, woken) = state.withLock { state -> (Result?, [DispatchSemaphore]) in
                guard let result = body(&state.value) else {
                    state.waiting.append(semaphore)
                    return (nil, [])
                }
                return (result, state.takeWaiting())
            }
            for semaphore in woken { semaphore.signal() }
            if let result { return result }
            semaphore.wait()
        }
    }
}
