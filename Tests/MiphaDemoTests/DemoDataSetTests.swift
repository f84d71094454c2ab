import Foundation
import MiphaDemo
import MiphaFiles
import MiphaImaging
import Testing

@Suite struct DemoDataSetTests {
    private static func small(seed: UInt64 = 7) -> DemoDataSet {
        var plan = DemoDataSet.Plan()
        plan.seed = seed
        plan.singlePictures = 50
        plan.trainingPictures = 1_500
        plan.heldOutPictures = 200
        return DemoDataSet(plan: plan)
    }

    @Test func `the same plan gives the same data`() throws {
        let (first, second) = (Self.small(), Self.small())
        #expect(first.instruction == second.instruction)
        #expect(first.heldOutQuestions == second.heldOutQuestions)
        let picture = first.pictures[17]
        #expect(try first.png(of: picture) == second.png(of: second.pictures[17]))
        #expect(first.instruction != Self.small(seed: 8).instruction)
    }

    @Test func `every conversation alternates and names its image once`() {
        let set = Self.small()
        for item in set.instruction + set.alignment + set.single + set.heldOut {
            #expect(item.image != nil)
            #expect(item.conversations.count.isMultiple(of: 2))
            #expect(item.conversations[0].value.hasPrefix("<image>\n"))
            let text = item.conversations.map(\.value).joined()
            #expect(text.components(separatedBy: "<image>").count == 2)
        }
        let ids = (set.single + set.alignment + set.instruction + set.heldOut).map(\.id)
        #expect(Set(ids).count == ids.count)
    }

    @Test func `answers follow from the scene`() throws {
        var random = SplitMix64(seed: 3)
        let generator = SceneGenerator(shapeCount: 2...3)
        let writer = QuestionWriter()
        for _ in 0..<300 {
            let scene = generator.scene(using: &random)
            #expect(Set(scene.shapes.map(\.outline)).count == scene.shapes.count)
            #expect(Set(scene.shapes.map(\.colour)).count == scene.shapes.count)
            #expect(Set(scene.shapes.map(\.place)).count == scene.shapes.count)
            let caption = writer.caption(of: scene, using: &random)
            #expect(caption.hasSuffix("."))
            #expect(
                Set(caption.dropLast().components(separatedBy: "; "))
                    == Set(
                        scene.shapes.map {
                            "\($0.colour.rawValue) \($0.extent.rawValue) \($0.outline.rawValue), "
                                + $0.place.rawValue
                        }))
            let exists = writer.question(of: .exists, about: scene, using: &random)
            let there = scene.shapes.contains {
                exists.question.hasSuffix(" \($0.colour.rawValue) shape?")
            }
            #expect(exists.answer == (there ? "yes" : "no"))
            let shape = writer.question(of: .shape, about: scene, using: &random)
            let asked = scene.shapes.first { shape.question.hasSuffix(" \($0.colour.rawValue)?") }
            #expect(shape.answer == asked?.outline.rawValue)
            let colours = writer.question(of: .colours, about: scene, using: &random)
            #expect(colours.answer == scene.shapes.map(\.colour.rawValue).joined(separator: ", "))
        }
    }

    @Test func `yes and no are equally frequent`() {
        for kind in [QuestionKind.exists] {
            let asked = Self.small().heldOutQuestions.filter { $0.kind == kind }
            let yes = asked.filter { $0.answer == "yes" }.count
            #expect(asked.count == 200)
            #expect(abs(yes - 100) < 30)
        }
    }

    @Test func `every kind is asked about every held-out image`() {
        let set = Self.small()
        for kind in QuestionKind.allCases {
            #expect(set.heldOutQuestions.filter { $0.kind == kind }.count == 200)
        }
        #expect(set.heldOut.map(\.id) == set.heldOutQuestions.map(\.id))
    }

    @Test func `a shape covers its own cell only`() {
        var random = SplitMix64(seed: 5)
        let rasterizer = SceneRasterizer(side: 32)
        for _ in 0..<100 {
            let scene = SceneGenerator(shapeCount: 1...1).scene(using: &random)
            let place = scene.shapes[0].place
            let pixels = rasterizer.pixels(of: scene)
            #expect(pixels.count == 3 * 32 * 32)
            let corner = place == .bottomRight ? 0 : 32 * 32 - 1
            let background = Array(pixels[3 * corner..<3 * corner + 3])
            var inside = 0
            for row in 0..<32 {
                for column in 0..<32 {
                    let start = 3 * (row * 32 + column)
                    guard Array(pixels[start..<start + 3]) != background else { continue }
                    inside += 1
                    #expect(row / 16 == place.row && column / 16 == place.column)
                }
            }
            #expect(inside > 20)
        }
    }

    @Test func `the files hold what was made`() throws {
        var plan = DemoDataSet.Plan()
        plan.singlePictures = 3
        plan.trainingPictures = 5
        plan.heldOutPictures = 2
        let set = DemoDataSet(plan: plan)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        var count = 0
        try set.write(to: folder) { count = $0 }
        #expect(count == 10)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.appendingPathComponent(DemoDataSet.FileName.images).path)
        #expect(Set(names) == Set(set.pictures.map(\.file)))
        let read = try JSONDecoder().decode(
            [DemoItem].self,
            from: Data(contentsOf: folder.appendingPathComponent(DemoDataSet.FileName.instruction)))
        #expect(read == set.instruction)
    }

    @Test func `every image decodes to the drawn pixels`() throws {
        let set = Self.small()
        let rasterizer = SceneRasterizer(side: set.plan.side)
        for picture in set.pictures.prefix(50) {
            let image = try RGBImage(decoding: set.png(of: picture), name: picture.file)
            #expect(image.width == 32 && image.height == 32)
            #expect(image.pixels == rasterizer.pixels(of: picture.scene))
        }
    }

    @Test func `the JSON is what LLaVA readers expect`() throws {
        let item = DemoItem(
            id: "a", image: "a.png", rounds: [("What?", "this"), ("Where?", "there")])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let pictured = String(decoding: try encoder.encode([item]), as: UTF8.self)
        #expect(
            pictured == #"[{"conversations":[{"from":"human","value":"<image>\nWhat?"},"#
                + #"{"from":"gpt","value":"this"},{"from":"human","value":"Where?"},"#
                + #"{"from":"gpt","value":"there"}],"id":"a","image":"a.png"}]"#)
    }

    @Test(arguments: [1...2, 1...3])
    func `guessing without the image rarely helps`(shapes: ClosedRange<Int>) {
        var plan = DemoDataSet.Plan()
        plan.trainingPictures = 4_000
        plan.heldOutPictures = 300
        plan.shapes = shapes
        plan.heldOutShapes = 2...shapes.upperBound
        let set = DemoDataSet(plan: plan)
        var usual: [String: [String: Int]] = [:]
        for item in set.instruction {
            for index in stride(from: 0, to: item.conversations.count, by: 2) {
                let question = item.conversations[index].value.replacing("<image>\n", with: "")
                usual[question, default: [:]][item.conversations[index + 1].value, default: 0] += 1
            }
        }
        let limits: [QuestionKind: Double] = [
            .colours: 0.12, .shape: 0.36, .size: 0.6, .place: 0.36, .describe: 0.12, .exists: 0.62,
            .count: shapes.upperBound == 2 ? 1 : 0.6,
        ]
        for kind in QuestionKind.allCases {
            let asked = set.heldOutQuestions.filter { $0.kind == kind }
            let right = asked.filter { question in
                usual[question.question]?.max { $0.value < $1.value }?.key == question.answer
            }
            let share = Double(right.count) / Double(asked.count)
            #expect(share <= limits[kind] ?? 0, "\(kind): \(share)")
        }
    }

    @Test func `no held-out image repeats a training image`() {
        let set = Self.small()
        let drawn = set.pictures.map { SceneRasterizer(side: 32).pixels(of: $0.scene) }
        let training = Set(drawn.prefix(1_550))
        #expect(set.pictures[1_550].file == "held-out-0.png")
        #expect(drawn.dropFirst(1_550).allSatisfy { !training.contains($0) })
    }
}
