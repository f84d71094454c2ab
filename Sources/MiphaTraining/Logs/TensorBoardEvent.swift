/// One record of a TensorBoard event file.
///
/// The messages are TensorFlow's `Event` and `Summary` (`tensorflow/core/util/event.proto`,
/// `framework/summary.proto`, `framework/tensor.proto`), of which few fields are needed; the frame
/// is that of TFRecord: length, masked checksum of the length, data, masked checksum of the data,
/// little-endian.
package struct TensorBoardEvent: Sendable, Equatable {
    /// The content of the record.
    package enum Content: Sendable, Equatable {
        /// The first record of a file.
        case version
        /// A run starts at this step: readers forget what an earlier start wrote from here on.
        case start
        /// Numbers by tag.
        case scalars([Scalar])
        /// A text by tag, which TensorBoard shows as Markdown.
        case text(Text)
    }

    /// One text.
    package struct Text: Sendable, Equatable {
        /// Its tag, such as `samples/1`.
        package let tag: String
        /// The text.
        package let value: String

        package init(_ tag: String, _ value: String) {
            self.tag = tag
            self.value = value
        }
    }

    /// One number.
    package struct Scalar: Sendable, Equatable {
        /// The tag of the measurement, such as `train/loss`.
        package let tag: String
        /// The number.
        package let value: Float

        package init(_ tag: String, _ value: Float) {
            self.tag = tag
            self.value = value
        }
    }

    /// Seconds since 1970.
    package let time: Double
    /// Number of updates.
    package let step: Int
    /// The content of the record.
    package let content: Content

    package init(time: Double, step: Int, content: Content) {
        self.time = time
        self.step = step
        self.content = content
    }

    /// The bytes of the record with its frame.
    package var record: [UInt8] {
        let checksum = CRC32C()
        let data = message
        var length: [UInt8] = []
        Self.append(UInt64(data.count), 8, to: &length)
        var bytes = length
        Self.append(UInt64(checksum.masked(length)), 4, to: &bytes)
        bytes += data
        Self.append(UInt64(checksum.masked(data)), 4, to: &bytes)
        return bytes
    }

    private var message: [UInt8] {
        var bytes: [UInt8] = [0x09]  // wall_time = 1, double
        Self.append(time.bitPattern, 8, to: &bytes)
        if step != 0 {
            bytes.append(0x10)  // step = 2, varint
            Self.append(varint: UInt64(bitPattern: Int64(step)), to: &bytes)
        }
        switch content {
        case .version:
            Self.append(field: 0x1A, Array("brain.Event:2".utf8), to: &bytes)  // file_version = 3
        case .start:
            Self.append(field: 0x3A, [0x08, 0x01], to: &bytes)  // session_log = 7
        case .scalars(let scalars):
            var summary: [UInt8] = []
            for scalar in scalars {
                var value: [UInt8] = []
                Self.append(field: 0x0A, Array(scalar.tag.utf8), to: &value)  // tag = 1
                value.append(0x15)  // simple_value = 2, float
                Self.append(UInt64(scalar.value.bitPattern), 4, to: &value)
                Self.append(field: 0x0A, value, to: &summary)  // value = 1
            }
            Self.append(field: 0x2A, summary, to: &bytes)  // summary = 5
        case .text(let text):
            var summary: [UInt8] = []
            Self.append(field: 0x0A, Self.value(text), to: &summary)  // value = 1
            Self.append(field: 0x2A, summary, to: &bytes)  // summary = 5
        }
        return bytes
    }

    /// A value of the text plugin: a tensor of one string.
    private static func value(_ text: Text) -> [UInt8] {
        var plugin: [UInt8] = []
        append(field: 0x0A, Array("text".utf8), to: &plugin)  // plugin_name = 1
        var metadata: [UInt8] = []
        append(field: 0x0A, plugin, to: &metadata)  // plugin_data = 1
        metadata += [0x20, 0x02]  // data_class = 4: tensor
        var tensor: [UInt8] = [0x08, 0x07]  // dtype = 1: string
        append(field: 0x12, [0x12, 0x02, 0x08, 0x01], to: &tensor)  // tensor_shape = 2: [1]
        append(field: 0x42, Array(text.value.utf8), to: &tensor)  // string_val = 8
        var value: [UInt8] = []
        append(field: 0x0A, Array(text.tag.utf8), to: &value)  // tag = 1
        append(field: 0x42, tensor, to: &value)  // tensor = 8
        append(field: 0x4A, metadata, to: &value)  // metadata = 9
        return value
    }

    private static func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }

    private static func append(varint value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func append(field: UInt8, _ data: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(field)
        append(varint: UInt64(data.count), to: &bytes)
        bytes += data
    }
}
