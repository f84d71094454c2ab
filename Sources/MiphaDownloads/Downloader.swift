package import Logging
import MiphaFiles

#if canImport(FoundationNetworking)
    import Foundation
    package import FoundationNetworking
#else
    package import Foundation
#endif

/// Downloads files: resumable, checked, each whole or not there.
///
/// A file is written to `X.part` and renamed when it is whole and its hash is right. A download
/// that was cut goes on where it stopped, also after the program ended. What is already there is
/// checked against its published hash or the one recorded in ``DownloadManifest``.
package struct Downloader: Sendable {
    /// How far a file is.
    package struct Progress: Sendable, Hashable {
        /// The file.
        package let name: String
        /// Bytes on the disk.
        package let bytes: Int
        /// Bytes in all, when the server reports it.
        package let total: Int?
    }

    /// What became of a file.
    package struct Outcome: Sendable, Hashable {
        /// How it came to be there.
        package enum Way: String, Sendable {
            /// It was downloaded.
            case downloaded
            /// It was there and is the one that was fetched before or that was published.
            case present
            /// It was there, put by hand, and is recorded from now on.
            case adopted
        }

        /// Its name in the folder.
        package let name: String
        /// How it came to be there.
        package let way: Way
        /// Number of bytes.
        package let bytes: Int
        /// SHA-256, 64 hexadecimal digits.
        package let sha256: String
        /// Whether a published hash was there to compare with.
        package let isPublished: Bool
    }

    /// How often a transfer may fail in a row without a single new byte.
    package var attempts: Int
    /// Seconds before the second attempt; each further wait is twice as long, at most a minute.
    package var firstPause: Double
    let sessionConfiguration: URLSessionConfiguration
    let logger: Logger

    /// Makes a downloader.
    ///
    /// - Parameter logger: receives repeated and continued transfers, as details.
    package init(
        attempts: Int = 6, firstPause: Double = 1,
        configuration: URLSessionConfiguration = .ephemeral,
        logger: Logger = Logger(label: "mipha.downloads")
    ) {
        self.attempts = attempts
        self.firstPause = firstPause
        sessionConfiguration = configuration
        self.logger = logger
    }

    /// Downloads files into a folder, one after the other.
    ///
    /// - Parameters:
    ///   - files: what is wanted.
    ///   - folder: where the files go; it is created if necessary.
    ///   - progress: called with the bytes as they come, on some thread.
    /// - Throws: `DownloadError` naming the address and what was expected and found. Files that
    ///   are whole by then stay, and the part of the one under way.
    package func fetch(
        _ files: [RemoteFile], into folder: String,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws(DownloadError) -> [Outcome] {
        do {
            try FileSystem.createFolder(folder)
        } catch {
            throw DownloadError(error)
        }
        var manifest = try DownloadManifest(folder: folder)
        var outcomes: [Outcome] = []
        for file in files {
            let outcome = try await fetch(file, into: folder, manifest[file.name], progress)
            if manifest[file.name]?.sha256 != outcome.sha256 || outcome.way == .downloaded {
                try manifest.record(
                    DownloadManifest.Entry(
                        name: file.name, url: file.url, bytes: outcome.bytes,
                        sha256: outcome.sha256, isPublished: outcome.isPublished))
            }
            outcomes.append(outcome)
        }
        return outcomes
    }

    private func fetch(
        _ file: RemoteFile, into folder: String, _ entry: DownloadManifest.Entry?,
        _ progress: @escaping @Sendable (Progress) -> Void
    ) async throws(DownloadError) -> Outcome {
        let target = FileSystem.join(folder, file.name)
        if FileSystem.kind(target) == .file {
            let sums = try check(target, file, entry, "it was changed or is another release")
            let way: Outcome.Way = entry == nil ? .adopted : .present
            return outcome(file, way, sums)
        }
        do {
            try FileSystem.createFolder(FileSystem.folder(of: target))
        } catch {
            throw DownloadError(error)
        }
        let partial = PartialFile(for: target)
        try await transfer(file, to: target) { bytes, total in
            progress(Progress(name: file.name, bytes: bytes, total: total))
        }
        let sums: FileSums
        do throws(DownloadError) {
            try checkStart(partial.path, TransferPlan(file, target: target))
            sums = try check(
                partial.path, file, entry, "the download was damaged or the source has changed")
        } catch {
            partial.remove()
            throw error
        }
        try partial.rename(to: target)
        return outcome(file, .downloaded, sums)
    }

    private func outcome(
        _ file: RemoteFile, _ way: Outcome.Way, _ sums: FileSums
    ) -> Outcome {
        Outcome(
            name: file.name, way: way, bytes: sums.bytes, sha256: sums.sha256,
            isPublished: file.sha256 != nil || file.md5 != nil)
    }

    // MARK: Checks

    /// Compares a file with what was published and what was recorded.
    private func check(
        _ path: String, _ file: RemoteFile, _ entry: DownloadManifest.Entry?,
        _ reason: String
    ) throws(DownloadError) -> FileSums {
        let sums = try FileSums(contentsOf: path, withMD5: file.md5 != nil)
        func mismatch(_ what: String, _ expected: String, _ found: String) -> DownloadError {
            DownloadError(
                .mismatch,
                "\(path): expected \(what) \(expected), found \(found): \(reason); remove the file "
                    + "to fetch it again"
                    + (what.hasPrefix("recorded")
                        ? ", and its entry in \(DownloadManifest.fileName) to accept a new one"
                        : ""))
        }
        if let bytes = file.bytes, bytes != sums.bytes {
            throw mismatch("published size", "\(bytes)", "\(sums.bytes)")
        }
        if let sum = file.sha256, sum != sums.sha256 {
            throw mismatch("published SHA-256", sum, sums.sha256)
        }
        if let sum = file.md5, let found = sums.md5, sum != found {
            throw mismatch("published MD5", sum, found)
        }
        if let entry, entry.url == file.url, entry.sha256 != sums.sha256 {
            throw mismatch("recorded SHA-256", entry.sha256, sums.sha256)
        }
        return sums
    }

    /// Looks at the first bytes: web pages and pointers of Git LFS are sent in the place of files.
    private func checkStart(_ path: String, _ plan: TransferPlan) throws(DownloadError) {
        let file = FileHandle(forReadingAtPath: path)
        defer { try? file?.close() }
        let start = [UInt8]((try? file?.read(upToCount: 64)) ?? Data())
        let text = String(decoding: start, as: UTF8.self).lowercased()
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { throw plan.pageFound() }
        if text.hasPrefix("version https://git-lfs") {
            throw DownloadError(
                .network,
                "cannot download \(plan.file.url): expected \(plan.file.content), found a pointer "
                    + "of Git LFS; fetch the file by hand and put it to \(plan.target)")
        }
        if plan.file.name.hasSuffix(".zip"), !start.starts(with: [0x50, 0x4B]) {
            throw DownloadError(
                .network,
                "cannot download \(plan.file.url): expected a zip archive, found a file that "
                    + "starts with \"\(text.prefix(16).filter { $0.isASCII && !$0.isNewline })\"")
        }
    }
}
