import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTorch
import Testing

/// Splicing of images into rows of ids.
@Suite struct SplicePlanTests {
    /// What stands at one position.
    private enum Item: Equatable {
        case word(Int, label: Int)
        case patch(image: Int, index: Int)
        case padding
    }

    private struct Sample {
        var ids: [[Int]] = []
        var labels: [[Int]] = []
        var imageCount = 0

        init(_ generator: inout SplitMix64) {
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let length = Int.random(in: 0...12, using: &generator)
                let row = (0..<length).map { _ in
                    Int.random(in: 0..<5, using: &generator) == 0
                        ? MarkerID.image : Int.random(in: 0..<99, using: &generator)
                }
                ids.append(row)
                labels.append(
                    row.map {
                        $0 == MarkerID.image || Bool.random(using: &generator)
                            ? MarkerID.ignored : $0 + 1000
                    })
                imageCount += row.count { $0 == MarkerID.image }
            }
        }

        /// The rows written out, not padded.
        func items(_ patches: Int) -> [[Item]] {
            var image = -1
            return zip(ids, labels).map { row, labels in
                zip(row, labels).flatMap { id, label -> [Item] in
                    guard id == MarkerID.image else { return [.word(id, label: label)] }
                    image += 1
                    return (0..<patches).map { .patch(image: image, index: $0) }
                }
            }
        }
    }

    /// The rows a plan describes.
    private func items(_ plan: SplicePlan, _ patches: Int, _ images: Int) -> [[Item]] {
        let texts = plan.textIDs.count
        return (0..<plan.rows).map { row in
            (0..<plan.columns).map { column in
                let source = plan.sources[row * plan.columns + column]
                let label = plan.labels[row][column]
                if source < texts { return .word(plan.textIDs[source], label: label) }
                #expect(label == MarkerID.ignored)
                if source == texts + images * patches { return .padding }
                return .patch(
                    image: (source - texts) / patches, index: (source - texts) % patches)
            }
        }
    }

    @Test func `a plan says of every position what stands there`() throws {
        var generator = SplitMix64(seed: 41)
        for _ in 0..<200 {
            let sample = Sample(&generator)
            let patches = Int.random(in: 1...4, using: &generator)
            let plan = try SplicePlan(
                ids: sample.ids, labels: sample.labels, tokensPerImage: patches,
                imageCount: sample.imageCount)
            let rows = sample.items(patches)
            let columns = rows.map(\.count).max() ?? 0
            #expect(plan.lengths == rows.map(\.count))
            #expect(plan.columns == columns)
            #expect(plan.sources.count == columns * rows.count)
            let expected = rows.map { row in
                row + Array(repeating: Item.padding, count: columns - row.count)
            }
            #expect(items(plan, patches, sample.imageCount) == expected)
        }
    }

    @Test func `a position is supervised when its successor has a label`() throws {
        var generator = SplitMix64(seed: 43)
        for _ in 0..<100 {
            let sample = Sample(&generator)
            let plan = try SplicePlan(
                ids: sample.ids, labels: sample.labels, tokensPerImage: 3,
                imageCount: sample.imageCount)
            var expected: [[Int]] = []
            for (row, items) in sample.items(3).enumerated() {
                for (column, item) in items.enumerated() where column > 0 {
                    if case .word(_, let label) = item, label != MarkerID.ignored {
                        expected.append([row * plan.columns + column - 1, label])
                    }
                }
            }
            let found = plan.supervised
            #expect(zip(found.positions, found.targets).map { [$0, $1] } == expected)
        }
    }

    @Test func `without labels nothing is supervised`() throws {
        let plan = try SplicePlan(
            ids: [[1, MarkerID.image, 2]], tokensPerImage: 2, imageCount: 1)
        #expect(plan.supervised.targets == [])
        #expect(plan.labels == [[-100, -100, -100, -100]])
        let empty = try SplicePlan(ids: [], tokensPerImage: 2, imageCount: 0)
        #expect(empty.columns == 0)
        #expect(empty.sources == [])
    }

    @Test func `rows of different lengths need no mask`() throws {
        let plan = try SplicePlan(
            ids: [[1, 2], [3, 4, 5]], tokensPerImage: 1, imageCount: 0)
        #expect(plan.layout == .contiguous(count: 3))
    }

    @Test func `masks over ids are pushed to the end of the real positions`() throws {
        let plan = try SplicePlan(
            ids: [[7, MarkerID.image, 8, 9], [5, 6]], tokensPerImage: 3, imageCount: 1)
        let layout = plan.layout(idMasks: [[true, true, false, true], [false, true]])
        #expect(layout.positions == [[0, 1, 2, 3, 4, 5]])
        #expect(
            layout.keyMask == [
                [true, true, true, true, false, true],
                [false, true, false, false, false, false],
            ])
    }

    @Test func `markers, images, ids and labels that do not fit are refused`() throws {
        func failure(
            _ ids: [[Int]], _ labels: [[Int]]? = nil, images: Int
        ) throws -> String {
            try #require(
                #expect(throws: SpliceError.self) {
                    _ = try SplicePlan(
                        ids: ids, labels: labels, tokensPerImage: 2, imageCount: images)
                }
            ).description
        }
        let many = try failure([[1, MarkerID.image], [MarkerID.image]], images: 1)
        #expect(many.contains("2") && many.contains("1"))
        _ = try failure([[1, 2]], images: 1)
        let unknown = try failure([[1], [2, -7]], images: 0)
        #expect(unknown.contains("row 1") && unknown.contains("place 1") && unknown.contains("-7"))
        let labels = try failure([[1, 2]], [[1]], images: 0)
        #expect(labels.contains("row 0"))
        _ = try failure([[1], [2]], [[1]], images: 0)
        _ = try failure([[1]], [[1], [2]], images: 0)
    }
}
