import CMiphaImage

extension ImagingError {
    /// Builds the error of a failed call into the C layer about the image `name`.
    init(_ status: mi_status, _ failure: mi_failure, name: String, subject: String) {
        var failure = failure
        let text = unsafe withUnsafeBytes(of: &failure.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let known = failure.offset >= 0 && failure.offset < Int.max
        let place = known ? " (byte \(failure.offset))" : ""
        self.init(Code(status), "\(name): \(subject)\(text)\(place)")
    }
}

extension ImagingError.Code {
    init(_ status: mi_status) {
        switch status {
        case MI_TRUNCATED: self = .truncated
        case MI_UNSUPPORTED: self = .unsupported
        case MI_LIMIT: self = .limit
        case MI_MEMORY: self = .memory
        case MI_IO: self = .unreadable
        default: self = .corrupt
        }
    }
}
