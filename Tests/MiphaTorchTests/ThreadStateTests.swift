import MiphaTorch
import Testing

/// Settings of the thread a test runs on.
@Suite struct ThreadStateTests {
    private struct Stop: Error {}

    @Test func `gradient scopes nest and are undone, also after an error`() throws {
        #expect(recordsGradients)
        let outcome = withoutGradients {
            #expect(!recordsGradients)
            withGradients { #expect(recordsGradients) }
            #expect(!recordsGradients)
            return 7
        }
        #expect(outcome == 7)
        #expect(recordsGradients)
        #expect(throws: Stop.self) { try withoutGradients { () throws(Stop) in throw Stop() } }
        #expect(recordsGradients)
        withoutGradients {
            #expect(throws: Stop.self) { try withGradients { () throws(Stop) in throw Stop() } }
            #expect(!recordsGradients)
        }
        #expect(recordsGradients)
        try expectFailure {
            try withoutGradients { () throws(TensorError) in _ = try Tensor.zeros([-1]) }
        }
        #expect(recordsGradients)
    }

    @Test func `nothing is recorded inside a scope without gradients`() throws {
        let x = try Tensor([1, 2] as [Float])
        try x.setRequiresGradient(true)
        let outside = try x * 2
        #expect(outside.requiresGradient)
        let inside = try withoutGradients { () throws(TensorError) in
            #expect(
                try !Functions.linear(x.reshaped([1, 2]), weight: Tensor.zeros([3, 2]), bias: nil)
                    .requiresGradient)
            return try x * 2
        }
        #expect(!inside.requiresGradient)
        #expect(try !outside.detached().requiresGradient)
    }

    @Test func `the number of threads is honoured`() async {
        // In a process of its own: threads that start meanwhile get that number, too.
        await #expect(processExitsWith: .success) {
            for count in [1, 2, 3] {
                try Engine.setThreadCount(count)
                #expect(Engine.threadCount == count)
            }
            for count in [0, 1025, 1_000_000_000, .max] {
                let error = try expectFailure { try Engine.setThreadCount(count) }
                #expect(error.code == .invalidArgument)
            }
            #expect(Engine.threadCount == 3)
        }
    }
}
