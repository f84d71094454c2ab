import MiphaTraining
import Testing

struct SimulatedHeapTests {
    /// What a block takes beside its bytes, at most.
    private static let more = 128
    private let heap = SimulatedHeap()

    @Test func `a freed range serves the next block that it holds`() {
        let first = heap.allocate(1_000_000)
        let second = heap.allocate(1_000_000)
        heap.release(first)
        _ = heap.allocate(400_000)
        _ = heap.allocate(500_000)
        #expect(heap.resident < 2_000_000 + 2 * Self.more)
        heap.release(second)
        #expect(heap.resident > 2_000_000)
    }

    @Test func `a range that is too small is a gap and counts`() {
        let first = heap.allocate(1_000_000)
        _ = heap.allocate(1_000)
        heap.release(first)
        _ = heap.allocate(1_000_100)
        #expect((2_001_100..<2_001_100 + 4 * Self.more).contains(heap.resident))
    }

    @Test func `the smallest range that holds a block is taken`() {
        let large = heap.allocate(2_000_000)
        _ = heap.allocate(1_000)
        let small = heap.allocate(1_000_000)
        _ = heap.allocate(1_000)
        let before = heap.resident
        heap.release(large)
        heap.release(small)
        _ = heap.allocate(1_000_000)
        _ = heap.allocate(2_000_000)
        #expect(heap.resident == before)
    }

    @Test func `neighbours that are freed grow together`() {
        let blocks = (0..<8).map { _ in heap.allocate(1_000_000) }
        _ = heap.allocate(1_000)
        let before = heap.resident
        for place in [3, 1, 2, 5, 7, 6, 4, 0] { heap.release(blocks[place]) }
        _ = heap.allocate(7_900_000)
        #expect(heap.resident == before)
    }

    @Test func `memory of small blocks stays and that of large ones goes`() {
        let small = heap.allocate(30 << 20)
        heap.release(small)
        #expect(heap.resident >= 30 << 20)
        let before = heap.resident
        let large = heap.allocate(64 << 20)
        #expect(heap.resident >= before + 64 << 20)
        heap.release(large)
        #expect(heap.resident == before)
    }
}
