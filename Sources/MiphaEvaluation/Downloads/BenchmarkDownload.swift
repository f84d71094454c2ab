package import MiphaDownloads

/// What of a benchmark can be downloaded, and what people have to fetch themselves.
package struct BenchmarkDownload: Sendable {
    /// What a file is for.
    package enum Kind: String, Sendable, CaseIterable {
        /// Questions and right answers.
        case annotations
        /// Images, by far the most bytes.
        case pictures
        /// Other releases and tools, fetched only when they are asked for.
        case other
    }

    /// A file that its authors serve to everybody.
    package struct File: Sendable, Hashable {
        /// Where it is, and its name in the benchmark's folder.
        package let remote: RemoteFile
        /// What it is for.
        package let kind: Kind

        /// Describes a file.
        package init(
            _ url: String, as name: String, _ kind: Kind = .annotations, content: String,
            bytes: Int? = nil, sha256: String? = nil, md5: String? = nil
        ) {
            remote = RemoteFile(
                url, as: name, content: content, bytes: bytes, sha256: sha256, md5: md5)
            self.kind = kind
        }
    }

    /// A file that only a person can get.
    package struct ManualFile: Sendable, Hashable {
        /// Its name in the benchmark's folder.
        package let name: String
        /// What it holds.
        package let content: String
        /// The page to open.
        package let page: String
        /// Why it cannot be downloaded here, and what to do.
        package let instruction: String
        /// Whether the benchmark can be scored without it.
        package let isOptional: Bool

        /// Describes a file.
        package init(
            _ name: String, content: String, page: String, instruction: String,
            isOptional: Bool = false
        ) {
            self.name = name
            self.content = content
            self.page = page
            self.instruction = instruction
            self.isOptional = isOptional
        }
    }

    /// The benchmark's id.
    package let benchmark: String
    /// The licence of the data.
    package let licence: String
    /// Files that can be downloaded.
    package let files: [File]
    /// Files that must be fetched by hand.
    package let manual: [ManualFile]

    /// Describes what there is.
    package init(
        benchmark: String, licence: String, files: [File] = [], manual: [ManualFile] = []
    ) {
        self.benchmark = benchmark
        self.licence = licence
        self.files = files
        self.manual = manual
    }

    /// The files of some kinds, in their order.
    package func files(of kinds: Set<Kind>) -> [RemoteFile] {
        files.filter { kinds.contains($0.kind) }.map(\.remote)
    }

    /// What has to be done by hand, in words; empty when nothing.
    ///
    /// - Parameter folder: where the benchmark's files go.
    package func instructions(folder: String) -> String {
        manual.map { file in
            let need = file.isOptional ? "optional" : "needed"
            return "\(folder)/\(file.name) (\(need)): \(file.content). \(file.instruction) "
                + "Page: \(file.page)\n"
        }.joined()
    }
}
