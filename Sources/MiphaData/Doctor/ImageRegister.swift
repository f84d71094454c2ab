import Synchronization

/// The images of a data set: each path once, with what was found there.
///
/// An image takes about 100 bytes besides its path.
final class ImageRegister: Sendable {
    private struct State: Sendable {
        var numbers: [Fingerprint: Int] = [:]
        var paths: [UInt8] = []
        var ends: [Int] = []
        var firstSamples: [Int32] = []
        /// Samples whose only image it is.
        var soloSamples: [Int32] = []
        /// Bits of ``bit(_:)``, and the highest bit when there are pixels.
        var marks: [UInt32] = []
        var contents: [Fingerprint] = []
        /// The images of samples with several, one sample after the other.
        var shared: [Int32] = []
        var sharedEnds: [Int] = []
        var references = 0
    }

    private static let kinds = DataProblem.allCases.filter { $0.unit == .pictures }
    private static let nothing = Fingerprint("")
    private static let hasPixels: UInt32 = 1 << 31

    private let state = Mutex(State())

    /// How many different images there are.
    var count: Int { state.withLock { $0.ends.count } }
    /// How often samples name an image.
    var references: Int { state.withLock { $0.references } }

    /// Notes the images of a sample.
    ///
    /// - Returns: those that come for the first time, with their numbers.
    func mention(_ images: [String], sample: Int) -> [(number: Int, image: String)] {
        let paths = images.map(Self.normalised)
        let keys = paths.map { Fingerprint($0) }
        return state.withLock { state in
            var new: [(number: Int, image: String)] = []
            var numbers: [Int] = []
            state.references += images.count
            for (path, key) in zip(paths, keys) {
                if let number = state.numbers[key] {
                    if !numbers.contains(number) { numbers.append(number) }
                    continue
                }
                let number = state.ends.count
                state.numbers[key] = number
                state.paths += Array(path.utf8)
                state.ends.append(state.paths.count)
                state.firstSamples.append(Int32(clamping: sample))
                state.soloSamples.append(0)
                state.marks.append(0)
                state.contents.append(Self.nothing)
                new.append((number, path))
                numbers.append(number)
            }
            if numbers.count == 1 {
                state.soloSamples[numbers[0]] += 1
            } else if !numbers.isEmpty {
                state.shared += numbers.map { Int32(clamping: $0) }
                state.sharedEnds.append(state.shared.count)
            }
            return new
        }
    }

    /// Notes what an examination found.
    func note(_ examination: ImageExamination, of number: Int) {
        state.withLock { state in
            for finding in examination.findings {
                state.marks[number] |= Self.bit(finding.problem)
            }
            guard let content = examination.content else { return }
            state.contents[number] = content
            state.marks[number] |= Self.hasPixels
        }
    }

    /// Notes a problem of an image.
    func mark(_ problem: DataProblem, _ number: Int) {
        state.withLock { $0.marks[number] |= Self.bit(problem) }
    }

    /// Stands for the pixels of an image; nil when it has none.
    func content(_ number: Int) -> Fingerprint? {
        state.withLock {
            $0.marks[number] & Self.hasPixels == 0 ? nil : $0.contents[number]
        }
    }

    /// The first sample that names an image.
    func firstSample(_ number: Int) -> Int {
        state.withLock { Int($0.firstSamples[number]) }
    }

    /// The path of an image as the samples give it.
    func image(_ number: Int) -> String {
        state.withLock {
            let start = number == 0 ? 0 : $0.ends[number - 1]
            return String(decoding: $0.paths[start..<$0.ends[number]], as: UTF8.self)
        }
    }

    /// How many samples name an image with a problem.
    func samples(with problem: DataProblem) -> Int {
        let bit = Self.bit(problem)
        return state.withLock { state in
            var samples = 0
            for (mark, solo) in zip(state.marks, state.soloSamples) where mark & bit != 0 {
                samples += Int(solo)
            }
            var start = 0
            for end in state.sharedEnds {
                if state.shared[start..<end].contains(where: { state.marks[Int($0)] & bit != 0 }) {
                    samples += 1
                }
                start = end
            }
            return samples
        }
    }

    private static func bit(_ problem: DataProblem) -> UInt32 {
        1 << UInt32(kinds.firstIndex(of: problem) ?? 0)
    }

    /// The path without empty parts and parts ".".
    private static func normalised(_ path: String) -> String {
        guard path.utf8.contains(UInt8(ascii: "/")) else { return path }
        let parts = path.utf8.split(separator: UInt8(ascii: "/"))
            .filter { !$0.elementsEqual(".".utf8) }
        let joined = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        return path.hasPrefix("/") ? "/" + joined : joined
    }
}
