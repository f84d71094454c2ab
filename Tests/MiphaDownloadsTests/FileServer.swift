import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A web server on this machine that answers as a test specifies, well or badly.
final class FileServer: Sendable {
    struct Request: Sendable {
        let path: String
        let headers: [String: String]

        /// First byte of a `Range: bytes=N-`.
        var start: Int? {
            guard let range = headers["range"], range.hasPrefix("bytes=") else { return nil }
            return Int(range.dropFirst(6).dropLast())
        }
    }

    struct Response: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// The length that is sent; nil: the true one, negative: none.
        var toldLength: Int?
        /// How much of the body is sent before the connection is cut.
        var sent: Int?
    }

    let port: UInt16
    private let listener: Int32
    private let log = Mutex([Request]())
    private let answer: @Sendable (Request, Int) -> Response

    /// Starts a server; `answer` gets each request and how many came before it.
    init(_ answer: @escaping @Sendable (Request, Int) -> Response) throws {
        self.answer = answer
        #if canImport(Darwin)
            let kind = SOCK_STREAM
        #else
            let kind = Int32(SOCK_STREAM.rawValue)
        #endif
        listener = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let port = unsafe withUnsafeMutablePointer(to: &address) { pointer -> UInt16? in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Bool in
                unsafe bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            } ? UInt16(bigEndian: unsafe pointer.pointee.sin_port) : nil
        }
        guard let port else { throw CocoaError(.featureUnsupported) }
        self.port = port
        Thread.detachNewThread { [weak self] in
            // Closed by nobody else, so that the number does not become another's socket meanwhile.
            defer { close(descriptor) }
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0, let self else { return }
                self.serve(connection)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// The address of a path.
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// What was asked so far.
    var requests: [Request] { log.withLock { $0 } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = read(connection) else { return }
        let number = log.withLock { log in
            log.append(request)
            return log.count - 1
        }
        let response = answer(request, number)
        var head = "HTTP/1.1 \(response.status) X\r\nConnection: close\r\n"
        let told = response.toldLength ?? response.body.count
        if told >= 0 { head += "Content-Length: \(told)\r\n" }
        for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
        transmit(connection, Array((head + "\r\n").utf8))
        transmit(connection, Array(response.body.prefix(response.sent ?? response.body.count)))
        shutdown(connection, Int32(SHUT_WR))
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !bytes.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 1 << 16 else { return nil }
            bytes += buffer.prefix(count)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let first = lines.first?.split(separator: " ") ?? []
        guard first.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return Request(path: String(first[1]), headers: headers)
    }

    private func transmit(_ connection: Int32, _ bytes: [UInt8]) {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(1 << 16))
            let count = unsafe piece.withUnsafeBytes { buffer in
                unsafe send(connection, buffer.baseAddress, buffer.count, flags)
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension FileServer.Response {
    /// The body or the part that is asked for, as a good server answers.
    static func file(
        _ body: [UInt8], _ request: FileServer.Request, tag: String? = "\"v1\"",
        sent: Int? = nil
    ) -> Self {
        var headers = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes")]
        if let tag { headers.append(("ETag", tag)) }
        let isCurrent = request.headers["if-range"].map { $0 == tag } ?? true
        guard let start = request.start, isCurrent else {
            return Self(headers: headers, body: body, sent: sent)
        }
        guard start < body.count else {
            headers.append(("Content-Range", "bytes */\(body.count)"))
            return Self(status: 416, headers: headers)
        }
        headers.append(("Content-Range", "bytes \(start)-\(body.count - 1)/\(body.count)"))
        return Self(status: 206, headers: headers, body: Array(body[start...]), sent: sent)
    }
}
