public import MiphaFiles

/// A file of a benchmark: one on the disk, or an entry of a zip archive.
public struct SourceFile: Sendable, Hashable {
    /// Where the bytes are.
    public enum Place: Sendable, Hashable {
        /// A file on the disk.
        case file(String)
        /// An entry of a zip archive on the disk.
        case archived(archive: String, entry: ZipEntry)
    }

    /// The path for messages; of an archive's entry the archive's, "/" and its own.
    public let name: String
    /// Where the bytes are.
    public let place: Place
    /// Remembers the fields of its records that no list has.
    let watch: FieldWatch?

    /// Names a file on the disk.
    public init(path: String) {
        self.init(path: path, watch: nil)
    }

    init(path: String, watch: FieldWatch?) {
        name = path
        place = .file(path)
        self.watch = watch
    }

    /// Names an entry of a zip archive.
    public init(archive: String, entry: ZipEntry) {
        self.init(archive: archive, entry: entry, watch: nil)
    }

    init(archive: String, entry: ZipEntry, watch: FieldWatch?) {
        name = "\(archive)/\(entry.name)"
        place = .archived(archive: archive, entry: entry)
        self.watch = watch
    }

    /// Compares names and places.
    public static func == (left: Self, right: Self) -> Bool {
        left.name.hasSameBytes(as: right.name) && left.place == right.place
    }

    /// Hashes the place.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(place)
    }

    /// Compares the names of a record's fields with a list.
    ///
    /// - Parameter place: where the record stands.
    /// - Throws: `EvaluationError` naming a refused field.
    func check(
        _ object: JSONObject, _ fields: FieldList, _ place: String
    ) throws(EvaluationError) {
        try watch?.check(object, fields, in: name, place)
    }

    /// Reads the whole file.
    ///
    /// - Parameter limit: the largest file to read, in bytes.
    /// - Throws: `EvaluationError` when it is larger, cannot be read, or its archive is damaged.
    public func read(limit: Int = 1 << 30) throws(EvaluationError) -> [UInt8] {
        do throws(FileError) {
            switch place {
            case .file(let path):
                var source = try FileByteSource(path: path)
                return try source.readAll(limit: limit, name: name)
            case .archived(let archive, let entry):
                return try ZipArchive.read(entry, inArchive: archive, limit: limit)
            }
        } catch {
            throw EvaluationError(error)
        }
    }

    /// Starts reading the file a piece at a time.
    ///
    /// - Throws: `EvaluationError` when it cannot be opened.
    public func open() throws(EvaluationError) -> any ByteSource {
        do throws(FileError) {
            switch place {
            case .file(let path): return try FileByteSource(path: path)
            case .archived(let archive, let entry):
                return try ZipArchive.open(entry, inArchive: archive)
            }
        } catch {
            throw EvaluationError(error)
        }
    }

    /// Reads the file as one JSON value.
    ///
    /// - Throws: `EvaluationError` naming file, line and column.
    public func json(limit: Int = 1 << 30) throws(EvaluationError) -> JSONValue {
        let bytes = try read(limit: limit)
        do throws(FileError) {
            return try JSONValue(parsing: bytes, file: name)
        } catch {
            throw EvaluationError(error)
        }
    }

    /// Starts reading the file as a table of delimited text.
    ///
    /// - Parameters:
    ///   - delimiter: the byte between fields; nil as in `DelimitedTable`.
    ///   - columns: columns that must exist.
    /// - Throws: `EvaluationError` when it cannot be opened or a column is missing.
    public func table(
        delimiter: UInt8? = nil, requiring columns: [String] = []
    ) throws(EvaluationError) -> DelimitedTable {
        let source = try open()
        do throws(FileError) {
            let table = try DelimitedTable(source, name: name, delimiter: delimiter)
            try table.require(columns)
            return table
        } catch {
            throw EvaluationError(error)
        }
    }

    /// The image that a column holds as a Base64 text, to be decoded when it is loaded.
    ///
    /// The text is not kept but its place, except in a compressed entry of an archive, which
    /// cannot be read from the middle: there the decoded bytes are kept.
    ///
    /// - Parameters:
    ///   - name: what the image is called.
    ///   - column: the column.
    ///   - row: a row of ``table(delimiter:requiring:)`` of this file.
    /// - Throws: `EvaluationError` when the column does not exist or the field is empty.
    public func picture(
        _ name: String, in column: String, of row: DelimitedTable.Row
    ) throws(EvaluationError) -> PictureSource {
        do throws(FileError) {
            guard let place = try row.place(of: column) else {
                throw FileError(
                    .malformedFile, "\(self.name):\(row.line): the field \"\(column)\" is empty")
            }
            switch self.place {
            case .file(let path):
                return PictureSource(name: name, place: .base64(file: path, place))
            case .archived(let archive, let entry):
                let file = try RandomAccessFile(path: archive)
                if let stored = try ZipArchive.place(of: entry, in: file) {
                    let inside = FilePlace(
                        offset: stored.offset + place.offset, length: place.length)
                    return PictureSource(name: name, place: .base64(file: archive, inside))
                }
                let shown = "\(self.name):\(row.line): \"\(column)\""
                return PictureSource(
                    name: name,
                    place: .bytes(try Base64.decode(row.bytes(column), name: shown)))
            }
        } catch {
            throw EvaluationError(error)
        }
    }
}
