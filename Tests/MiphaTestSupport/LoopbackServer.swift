import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A small HTTP server on the loopback address: one scripted reply for each request.
public final class LoopbackServer: Sendable {
    /// What a request looked like.
    public struct Request: Sendable {
        /// The request line and the headers.
        public let head: String
        /// The body.
        public let body: [UInt8]
    }

    /// What to send back.
    public enum Reply: Sendable {
        /// A whole response; the length is added to the headers.
        case response(status: Int, headers: [String: String] = [:], body: String)
        /// The connection is closed without a word.
        case hangUp
        /// Nothing is sent for some seconds, then the connection is closed.
        case silence(seconds: Double)
        /// These bytes, whatever they are.
        case raw(String)
    }

    private final class State: @unchecked Sendable {
        // Guarded by `lock`.
        var requests: [Request] = []
        let lock = NSLock()
    }

    /// The port it listens on.
    public let port: Int
    private let socket: Int32
    private let state = State()

    /// Starts to listen.
    ///
    /// - Parameter reply: the reply to the request of a number, from 0.
    public init(reply: @escaping @Sendable (Request, _ number: Int) -> Reply) throws {
        #if canImport(Darwin)
            let stream = SOCK_STREAM
        #else
            let stream = Int32(SOCK_STREAM.rawValue)
        #endif
        let listener = Self.openSocket(AF_INET, stream)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(listener, generic, length) == 0
                    && listen(listener, 64) == 0 && getsockname(listener, generic, &length) == 0
            }
        }
        guard bound else { throw CocoaError(.featureUnsupported) }
        socket = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        let state = state
        let thread = Thread {
            // Closed by nobody else, so that the number does not become another's socket meanwhile.
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { Self.serve(connection, state, reply) }
            }
        }
        thread.start()
    }

    deinit {
        _ = shutdown(socket, Int32(SHUT_RDWR))
    }

    private static func openSocket(_ family: Int32, _ kind: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.socket(family, kind, 0)
        #elseif canImport(Musl)
            Musl.socket(family, kind, 0)
        #else
            Darwin.socket(family, kind, 0)
        #endif
    }

    /// The requests so far.
    public var requests: [Request] {
        state.lock.withLock { state.requests }
    }

    /// The address to put in front of a path.
    public var address: String { "http://127.0.0.1:\(port)" }

    private static func serve(
        _ connection: Int32, _ state: State, _ reply: (Request, Int) -> Reply
    ) {
        defer { close(connection) }
        guard let request = read(connection) else { return }
        let number = state.lock.withLock {
            state.requests.append(request)
            return state.requests.count - 1
        }
        switch reply(request, number) {
        case .hangUp: return
        case .silence(let seconds): Thread.sleep(forTimeInterval: seconds)
        case .raw(let text): write(text, to: connection)
        case .response(let status, let headers, let body):
            var text = "HTTP/1.1 \(status) Status\r\nConnection: close\r\n"
            text += "Content-Length: \(body.utf8.count)\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            write(text + "\r\n" + body, to: connection)
        }
        // Closing with unread bytes would reset the connection before the reply is read.
        _ = shutdown(connection, Int32(SHUT_WR))
        _ = receive(connection)
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        while true {
            if let end = headEnd(bytes) {
                let head = String(decoding: bytes[..<end], as: UTF8.self)
                let wanted = contentLength(head)
                if bytes.count >= end + 4 + wanted {
                    return Request(head: head, body: Array(bytes[(end + 4)..<(end + 4 + wanted)]))
                }
            }
            let more = receive(connection)
            if more.isEmpty { return nil }
            bytes += more
        }
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }
    }

    private static func contentLength(_ head: String) -> Int {
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].filter { $0 != " " }) ?? 0
            }
        }
        return 0
    }

    private static func receive(_ connection: Int32) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = unsafe max(recv(connection, buffer.baseAddress, 65536, 0), 0)
        }
    }

    private static func write(_ text: String, to connection: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let bytes = Array(rest)
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(connection, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
