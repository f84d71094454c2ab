import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request for a file or for the rest of it, and what answers to it mean.
final class TransferPlan: Sendable {
    /// What a server answered, without the body.
    struct Answer: Sendable {
        var status: Int
        var type: String
        var length: Int?
        var range: String?
        var entityTag: String?
        var date: String?
        var retryAfter: Int?
        var address: String

        init(_ response: URLResponse) {
            let http = response as? HTTPURLResponse
            func header(_ name: String) -> String? { http?.value(forHTTPHeaderField: name) }
            status = http?.statusCode ?? 0
            type = (header("Content-Type") ?? "").lowercased()
            length = header("Content-Length").flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil }
            range = header("Content-Range")
            entityTag = header("ETag")
            date = header("Last-Modified")
            retryAfter = header("Retry-After").flatMap(Int.init)
            address = response.url?.absoluteString ?? ""
        }

        /// What `If-Range` may hold: a strong entity tag, else the date.
        var validator: String? {
            if let entityTag, entityTag.hasPrefix("\"") { return entityTag }
            return date
        }

        /// First byte and size of the whole, of `bytes 10-99/100` and `bytes */100`.
        var place: (start: Int?, total: Int?) {
            guard let range, range.lowercased().hasPrefix("bytes ") else { return (nil, nil) }
            let parts = range.dropFirst(6).split(separator: "/")
            guard parts.count == 2 else { return (nil, nil) }
            let first = parts[0].split(separator: "-").first
            return (first.flatMap { Int($0) }, Int(parts[1]))
        }
    }

    /// Why an answer is of no use.
    enum Refusal: Error, Sendable {
        /// Trying again may help, after so many seconds when the server says so.
        case later(String, after: Int?)
        /// The part on the disk does not fit; the download must start anew.
        case restart(String)
        /// The part on the disk is already the whole.
        case whole
        /// Trying again is of no use.
        case final(DownloadError)
    }

    let file: RemoteFile
    let target: String
    let partial: PartialFile
    /// Bytes that are already there.
    let start: Int
    let headers: [(String, String)]
    private let origin: PartialFile.Origin?
    private let known: Mutex<Int?>

    init(_ file: RemoteFile, target: String) {
        self.file = file
        self.target = target
        partial = PartialFile(for: target)
        let origin = partial.origin.flatMap { $0.url == file.url ? $0 : nil }
        let size = partial.size
        start = origin == nil ? 0 : size
        self.origin = start > 0 ? origin : nil
        known = Mutex(file.bytes ?? self.origin?.total)
        // Compressed on the way, ranges and lengths would count other bytes.
        var headers = [("Accept-Encoding", "identity"), ("User-Agent", "mipha")]
        if start > 0 {
            headers.append(("Range", "bytes=\(start)-"))
            if let validator = origin?.validator { headers.append(("If-Range", validator)) }
        }
        self.headers = headers
    }

    /// Size of the whole, when it is known.
    var total: Int? { known.withLock { $0 } }

    /// The request; nil when the address cannot be one.
    var request: URLRequest? {
        guard let url = URL(string: file.url), ["http", "https"].contains(url.scheme ?? "") else {
            return nil
        }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return request
    }

    /// Where the body of an answer belongs, or why it is of no use.
    func judge(_ answer: Answer) -> Result<Int, Refusal> {
        switch answer.status {
        case 206 where start > 0:
            let place = answer.place
            guard place.start == start else {
                return .failure(.restart("the server sent another part than was asked for"))
            }
            if let total = place.total, let before = origin?.total, total != before {
                return .failure(.restart("the file at the source has another size now"))
            }
            return checkKind(answer).map { start }
        case 200: return checkKind(answer).map { 0 }
        case 416 where start > 0:
            if answer.place.total == start { return .failure(.whole) }
            return .failure(.restart("the server does not have the rest"))
        case 408, 425, 429, 500, 502, 503, 504:
            return .failure(
                .later("the server answered \(answer.status)", after: answer.retryAfter))
        default: return .failure(.final(refusal(answer)))
        }
    }

    private func refusal(_ answer: Answer) -> DownloadError {
        let hint =
            switch answer.status {
            case 401, 403: "; it may need a login or a consent: fetch it by hand to \(target)"
            case 404, 410: "; the authors may have moved it: put it to \(target) by hand"
            default: ""
            }
        return DownloadError(
            .network,
            "cannot download \(file.url): expected status 200, found \(answer.status)\(hint)")
    }

    private func checkKind(_ answer: Answer) -> Result<Void, Refusal> {
        guard answer.type.hasPrefix("text/html"), !file.name.hasSuffix(".html") else {
            return .success(())
        }
        return .failure(.final(pageFound()))
    }

    /// The error of a web page in the place of a file.
    func pageFound() -> DownloadError {
        DownloadError(
            .network,
            "cannot download \(file.url): expected \(file.content), found a web page; open the "
                + "address in a browser, fetch the file by hand and put it to \(target)")
    }

    /// Opens the part for a body that belongs at `place`.
    func begin(_ answer: Answer, at place: Int) throws(DownloadError) -> FileHandle {
        let told = answer.status == 206 ? answer.place.total : answer.length
        if let told {
            if let expected = file.bytes, told != expected { throw wrongSize(told) }
            known.withLock { $0 = told }
        }
        if let total, let free = partial.freeBytes, total - place > free {
            throw DownloadError(
                .system,
                "cannot download \(file.url): it needs \(total - place) more bytes, the disk has "
                    + "\(free) free; make room or choose another folder")
        }
        try partial.note(
            PartialFile.Origin(url: file.url, validator: answer.validator, total: total))
        return try partial.open(continued: place > 0)
    }

    /// The error of a file of another size than is known.
    func wrongSize(_ found: Int) -> DownloadError {
        DownloadError(
            .network,
            "cannot download \(file.url): expected \(file.bytes ?? total ?? 0) bytes, found "
                + "\(found); the file at the source is another one")
    }

    /// The error of a disk that does not take the bytes.
    func writeFailure(_ error: any Error) -> DownloadError {
        let system = error as NSError
        let reasons = [system, system.userInfo[NSUnderlyingErrorKey] as? NSError].compactMap(\.self)
        let isFull = reasons.contains { reason in
            (reason.domain == NSPOSIXErrorDomain && [28, 122].contains(reason.code))
                || (reason.domain == NSCocoaErrorDomain
                    && reason.code == CocoaError.Code.fileWriteOutOfSpace.rawValue)
        }
        let what = isFull ? "the disk is full" : error.localizedDescription
        return DownloadError(
            .system,
            "cannot write \(partial.path): \(what); the part is kept, repeat to go on from there")
    }
}
