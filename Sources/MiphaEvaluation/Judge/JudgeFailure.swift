import Foundation
import MiphaBenchmarks
import MiphaFiles

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Why a request brought no reply, and whether it should be sent again.
struct JudgeFailure: Error, Sendable {
    let message: String
    let mayPass: Bool
    /// Seconds that the server asks to wait.
    var retryAfter: Double?

    init(_ message: String, mayPass: Bool) {
        self.message = message
        self.mayPass = mayPass
    }

    /// A request that got no response at all.
    init(transport error: any Error) {
        guard let error = error as? URLError else {
            let isCancelled = error is CancellationError
            self.init(isCancelled ? "cancelled" : "\(error)", mayPass: false)
            return
        }
        switch error.code {
        case .timedOut: self.init("no reply in time", mayPass: true)
        case .cannotConnectToHost, .cannotFindHost, .dnsLookupFailed, .networkConnectionLost,
            .notConnectedToInternet, .badServerResponse, .cannotParseResponse, .zeroByteResource:
            self.init("no connection: \(error.localizedDescription)", mayPass: true)
        default: self.init(error.localizedDescription, mayPass: false)
        }
    }

    /// A response that is not 200.
    init(status: Int, body: [UInt8], retryAfter: String?, keyVariable: String) {
        let value = try? JSONValue(parsing: body)
        let detail = value?["error"]?["message"]?.stringValue ?? value?["error"]?.stringValue
        let isSpent =
            value?["error"]?["code"]?.stringValue == "insufficient_quota"
            || value?["error"]?["type"]?.stringValue == "insufficient_quota"
        var message = "status \(status)"
        if status == 401 || status == 403 {
            message += ": the key in \(keyVariable) was refused"
        }
        let words = detail ?? String(decoding: body.prefix(200), as: UTF8.self)
        if !words.isEmpty {
            message += ": " + PythonText.split(String(words.prefix(300))).joined(separator: " ")
        }
        let mayPass = [408, 409, 429].contains(status) || (500...599).contains(status)
        self.init(message, mayPass: mayPass && !isSpent)
        self.retryAfter = retryAfter.flatMap(Self.seconds)
    }

    /// The seconds of a `Retry-After` header, a number or a date.
    static func seconds(_ header: String) -> Double? {
        if let number = PythonText.float(header) {
            return number.isFinite && number >= 0 ? number : nil
        }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: header).map { max($0.timeIntervalSinceNow, 0) }
    }
}

extension JudgeReply {
    /// Reads a chat completion.
    init(completion bytes: [UInt8]) throws(JudgeFailure) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw JudgeFailure("the reply is not JSON: \(error)", mayPass: true)
        }
        guard let message = value["choices"]?.arrayValue?.first?["message"]?.objectValue else {
            let keys = value.objectValue?.keys.prefix(8).joined(separator: ", ") ?? value.kind
            throw JudgeFailure(
                "expected a chat completion with choices[0].message, found \(keys)", mayPass: false)
        }
        self.init(
            text: message["content"]?.stringValue ?? "",
            model: value["model"]?.stringValue ?? "",
            promptTokens: value["usage"]?["prompt_tokens"]?.integerValue,
            completionTokens: value["usage"]?["completion_tokens"]?.integerValue)
    }
}
