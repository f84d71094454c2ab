import Foundation
import MiphaTestSupport
import MiphaTraining
import Testing

@Suite struct TensorBoardEventTests {
    private func hex(_ event: TensorBoardEvent) -> String {
        event.record.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// The bytes that TensorBoard's own writer makes (Tools/goldens/tensorboard_events.py).
    @Test func `records have the bytes of TensorBoard's writer`() throws {
        let lines = try String(
            contentsOfFile: PackagePaths.fixture("logs/tensorboard.txt"), encoding: .utf8
        ).split(separator: "\n").map(String.init)
        let events = [
            TensorBoardEvent(time: 1_700_000_000.25, step: 0, content: .version),
            TensorBoardEvent(time: 1_700_000_001.5, step: 7, content: .start),
            TensorBoardEvent(
                time: 1_700_000_002.75, step: 300,
                content: .scalars([.init("train/loss", 2.5), .init("train/lernrate ä", 1e-5)])),
            TensorBoardEvent(
                time: 1_700_000_003, step: 5_000_000_000,
                content: .scalars([.init("validation/loss", -.infinity)])),
            TensorBoardEvent(
                time: 1_700_000_004, step: 8,
                content: .text(.init("samples/1", "What is it?\n\nA café"))),
        ]
        #expect(events.map(hex) == lines)
    }
}
