import MiphaChat
import MiphaFiles
import MiphaImaging

/// How far a check of a data set is.
public struct DataCheckProgress: Sendable, Equatable {
    /// What is being read.
    public enum Phase: Sendable, Equatable {
        /// Images of benchmarks; how many there are is not known before the end.
        case benchmarks(pictures: Int)
        /// Conversation files, in bytes.
        case samples(bytes: Int, total: Int)
    }

    /// What is being read.
    public let phase: Phase
    /// The number of samples so far.
    public let samples: Int
}

/// A check of a data set before it is trained on.
///
/// The conversation files are streamed; threads decode images and count tokens. Memory grows by
/// fingerprints only: some 100 bytes a sample and an image. Counts are exact and places are in the
/// order of the files, whatever the number of threads.
public struct DataCheck: Sendable {
    private let settings: DataCheckSettings

    /// Prepares a check.
    public init(_ settings: DataCheckSettings) {
        self.settings = settings
    }

    /// Checks everything.
    ///
    /// - Parameters:
    ///   - shouldStop: asked for every sample.
    ///   - progress: called for every sample.
    /// - Throws: `FileError` when a conversation file cannot be read or is not JSON, naming line and
    ///   column, for JSON lines when no line holds an object; `DataError` for folders that do not
    ///   exist and for a file without a conversation; `CancellationError` when asked to stop.
    public func run(
        shouldStop: () -> Bool = { false }, progress: (DataCheckProgress) -> Void = { _ in }
    ) throws -> DataReport {
        if !settings.imageFolder.isEmpty, FileSystem.kind(settings.imageFolder) != .folder {
            throw DataError(
                .invalidRequest, "\(settings.imageFolder): no such folder of images")
        }
        var pass = DataCheckPass(settings)
        defer { pass.cancel() }
        try pass.readBenchmarks { count in
            if shouldStop() { throw CancellationError() }
            progress(DataCheckProgress(phase: .benchmarks(pictures: count), samples: 0))
        }
        let sizes = try settings.files.map { path throws(FileError) in
            try RandomAccessFile(path: path).size
        }
        let total = sizes.reduce(0, +)
        var done = 0
        for (path, size) in zip(settings.files, sizes) {
            try pass.read(path) { bytes, samples in
                if shouldStop() { throw CancellationError() }
                progress(
                    DataCheckProgress(
                        phase: .samples(bytes: done + bytes, total: total), samples: samples))
            }
            done += size
        }
        return pass.finish()
    }
}

/// The state of one check.
struct DataCheckPass {
    private let settings: DataCheckSettings
    private let separators: [[UInt8]]
    private let findings: DataFindings
    private let register = ImageRegister()
    private let benchmarks: BenchmarkImages
    private let queue: JobQueue
    private var files: [DataReport.File] = []
    private var starts: [Int] = []
    private var samples = 0
    private var textOnly = 0
    private var ids = Repetitions()
    private var contents = Repetitions()
    private var unknownKeys = KeyTally()

    init(_ settings: DataCheckSettings) {
        self.settings = settings
        separators = TextExamination.separators(of: settings.template)
        findings = DataFindings(limit: settings.listLimit)
        benchmarks = BenchmarkImages(settings.benchmarks)
        queue = JobQueue(threads: settings.threads, name: "mipha-check")
    }

    func cancel() {
        queue.cancel()
    }

    func readBenchmarks(_ step: (Int) throws -> Void) throws {
        try benchmarks.read(queue, step: step)
    }

    /// Reads a conversation file.
    mutating func read(_ path: String, _ step: (Int, Int) throws -> Void) throws {
        let items = try JSONElements(contentsOf: path)
        starts.append(samples)
        let first = samples
        while let found = try items.nextOrMalformed() {
            switch found {
            case .value(var cursor):
                try step(cursor.place.byte, samples)
                let item = try ConversationItem(reading: &cursor)
                try cursor.finish()
                examine(item, samples)
            case .malformed(let line):
                try step(line.place.byte, samples)
                findings.add(.malformedLine, sample: samples) {
                    String(line.error.message.dropFirst("\(path): ".count))
                }
            }
            samples += 1
        }
        guard samples > first else { throw DataError.noConversation(in: path) }
        files.append(DataReport.File(path: path, samples: samples - first))
    }

    private mutating func examine(_ item: ConversationItem, _ sample: Int) {
        unknownKeys.add(item.keys.unknown)
        let text = TextExamination(
            item, separators: separators, wantsCaption: settings.template.style == .plain)
        for (problem, detail) in text.findings {
            findings.add(problem, sample: sample, id: item.id) { detail }
        }
        if let id = item.id, let other = ids.add(Fingerprint(id), number: sample) {
            findings.add(.duplicateID, sample: sample, id: id) {
                "as \(name(of: other)), the first with this id"
            }
        }
        if let turns = item.turns, let images = item.images {
            let answers = item.answerTurns
            let print = Self.fingerprint(images, turns + answers)
            if let other = contents.add(print, number: sample) {
                findings.add(.duplicateSample, sample: sample, id: item.id) {
                    "the same images and turns as \(name(of: other))"
                }
            }
            let longest = answers.max { $0.text.utf8.count < $1.text.utf8.count }
            examineLength(item, turns + (longest.map { [$0] } ?? []), images, sample)
        }
        guard let images = item.images else { return }
        if images.isEmpty { textOnly += 1 }
        for (number, image) in register.mention(images, sample: sample) {
            let path = settings.path(of: image)
            queue.add { [settings, findings, register] in
                let examination = ImageExamination(path: path, settings: settings)
                register.note(examination, of: number)
                for (problem, detail) in examination.findings {
                    findings.add(problem, sample: sample, picture: number) { detail }
                }
            }
        }
    }

    private func examineLength(
        _ item: ConversationItem, _ turns: [ConversationItem.Turn], _ images: [String],
        _ sample: Int
    ) {
        let examination = LengthExamination(
            turns: turns, images: images, limit: settings.limit, isPair: item.answers != nil)
        let note: @Sendable () -> Void = { [findings] in
            for (problem, detail) in examination.findings() {
                findings.add(problem, sample: sample, id: item.id) { detail }
            }
        }
        // Words are counted faster than handed over.
        if case .tokens = settings.limit { queue.add(note) } else { note() }
    }

    private static func fingerprint(
        _ images: [String], _ turns: [ConversationItem.Turn]
    ) -> Fingerprint {
        var bytes: [UInt8] = []
        // No text of a file holds these bytes, which UTF-8 does not have.
        for image in images { bytes += Array(image.utf8) + [0xFF] }
        for turn in turns {
            bytes += [0xFE] + Array(turn.name.utf8) + [0xFD] + Array(turn.text.utf8)
        }
        return Fingerprint(bytes)
    }

    // MARK: The report

    /// File and item of a sample.
    private func place(of sample: Int) -> (file: String, item: Int) {
        let file = (starts.lastIndex { $0 <= sample }) ?? 0
        return (settings.files[file], sample - starts[file])
    }

    private func name(of sample: Int) -> String {
        let place = place(of: sample)
        return "\(place.file): item \(place.item)"
    }

    /// Waits for the threads and looks for images that come twice or are a benchmark's.
    mutating func finish() -> DataReport {
        queue.finish()
        var pictures = Repetitions()
        for number in 0..<register.count {
            guard let content = register.content(number) else { continue }
            let sample = register.firstSample(number)
            if let other = pictures.add(content, number: number) {
                register.mark(.duplicatePicture, number)
                findings.add(.duplicatePicture, sample: sample, picture: number) {
                    "the same pixels as \(register.image(other).quoted)"
                }
            }
            if let name = benchmarks.name(of: content) {
                register.mark(.benchmarkLeak, number)
                findings.add(.benchmarkLeak, sample: sample, picture: number) {
                    "the same pixels as \(name)"
                }
            }
        }
        return DataReport(
            files: files, textOnly: textOnly, pictures: register.count,
            references: register.references, unknownKeys: unknownKeys,
            benchmarks: benchmarks.summaries,
            limit: (settings.limit.count, settings.limit.unit),
            problems: DataProblem.allCases.map { problem($0, imageGroups: pictures.groups) })
    }

    private func problem(_ kind: DataProblem, imageGroups: Int) -> DataReport.Problem {
        let list = findings[kind]
        let groups: Int? =
            switch kind {
            case .duplicateID: ids.groups
            case .duplicateSample: contents.groups
            case .duplicatePicture: imageGroups
            default: nil
            }
        let places = list.kept.map { finding in
            let (file, item) = place(of: finding.sample)
            return DataReport.Place(
                file: file, item: item, id: finding.id,
                picture: finding.picture.map(register.image), detail: finding.detail)
        }
        return DataReport.Problem(
            kind: kind, count: list.count,
            samples: kind.unit == .samples ? list.count : register.samples(with: kind),
            groups: groups, places: places)
    }
}
