import MiphaFiles

/// Reads a pickle of tensors as `torch.save` writes it.
///
/// A pickle is a program. This machine knows the instructions and the names that tables of tensors
/// need and refuses all others, so nothing of a file is ever run. Depth and size are bounded.
/// Reference: CPython, `Lib/pickletools.py` (protocols 2 to 4); PyTorch, `torch/serialization.py`.
struct PickleReader {
    /// The deepest nesting of tables and tuples that is accepted.
    static let deepest = 16
    private let bytes: [UInt8]
    private let file: String
    private var position = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    private init(_ bytes: [UInt8], _ file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// The value of a pickle.
    ///
    /// - Parameter file: how messages call it.
    /// - Throws: `CheckpointError` for a pickle that is damaged, or that is more than tensors.
    static func value(of bytes: [UInt8], file: String) throws(CheckpointError) -> PickleValue {
        var reader = PickleReader(bytes, file)
        return try reader.run()
    }

    private mutating func run() throws(CheckpointError) -> PickleValue {
        while true {
            let start = position
            let code = try byte()
            if code == UInt8(ascii: ".") {
                let value = try pop()
                guard stack.isEmpty, marks.isEmpty else { throw damaged("values are left over") }
                return value
            }
            var isKnown = try scalar(code)
            if !isKnown { isKnown = try structure(code) }
            if !isKnown { isKnown = try reference(code) }
            guard isKnown else {
                throw CheckpointError(
                    .malformedFile,
                    "\(file): byte \(start): the instruction \(code) is none that tensors need, so "
                        + "the file is not read")
            }
        }
    }

    // MARK: Instructions

    /// Numbers, texts and what says nothing.
    private mutating func scalar(_ code: UInt8) throws(CheckpointError) -> Bool {
        switch code {
        case 0x80:
            let version = try byte()
            guard (2...5).contains(version) else { throw damaged("protocol \(version)") }
        case 0x95: _ = try integer(8)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.integer(try integer(1)))
        case UInt8(ascii: "M"): stack.append(.integer(try integer(2)))
        case UInt8(ascii: "J"):
            let value = try integer(4)
            stack.append(.integer(value >= 1 << 31 ? value - 1 << 32 : value))
        case 0x8A: stack.append(.integer(try long()))
        case UInt8(ascii: "G"):
            let pattern = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            stack.append(.number(Double(bitPattern: pattern)))
        case UInt8(ascii: "X"): stack.append(.text(try text(try integer(4))))
        case 0x8C: stack.append(.text(try text(try integer(1))))
        default: return false
        }
        return true
    }

    /// Tuples and tables.
    private mutating func structure(_ code: UInt8) throws(CheckpointError) -> Bool {
        switch code {
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "}"): stack.append(.table(PickleTable()))
        case UInt8(ascii: ")"): stack.append(.tuple([], depth: 1))
        case UInt8(ascii: "t"): try pushTuple(try popToMark())
        case 0x85, 0x86, 0x87:
            var items: [PickleValue] = []
            for _ in 0..<Int(code - 0x84) { items.append(try pop()) }
            try pushTuple(items.reversed())
        case UInt8(ascii: "s"):
            let value = try pop()
            let key = try pop()
            try fill([key, value])
        case UInt8(ascii: "u"):
            let items = try popToMark()
            try fill(items)
        case UInt8(ascii: "b"):
            // `_metadata` of a state dictionary, which says nothing about tensors.
            guard case .table = try pop(), case .table? = stack.last else {
                throw damaged("a state of something that is not a table")
            }
        default: return false
        }
        return true
    }

    /// Names, calls, storages and values that were there before.
    private mutating func reference(_ code: UInt8) throws(CheckpointError) -> Bool {
        switch code {
        case UInt8(ascii: "c"): stack.append(.name(try name(try line(), try line())))
        case 0x93:
            guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
                throw damaged("a name that is not a text")
            }
            stack.append(.name(try self.name(module, name)))
        case UInt8(ascii: "R"): try call()
        case UInt8(ascii: "Q"): stack.append(.storage(try storage(try pop())))
        case UInt8(ascii: "q"): try remember(try integer(1))
        case UInt8(ascii: "r"): try remember(try integer(4))
        case 0x94: try remember(memo.count)
        case UInt8(ascii: "h"): try recall(try integer(1))
        case UInt8(ascii: "j"): try recall(try integer(4))
        default: return false
        }
        return true
    }

    private mutating func call() throws(CheckpointError) {
        guard case .tuple(let arguments, _) = try pop(), case .name(let name) = try pop() else {
            throw damaged("a call of something that is not a name")
        }
        switch (name, arguments.count) {
        case (.orderedDict, 0): stack.append(.table(PickleTable()))
        case (.rebuildTensor, 6...7): stack.append(.tensor(try tensor(arguments)))
        case (.rebuildParameter, 3):
            guard case .tensor(let tensor) = arguments[0] else {
                throw damaged("a parameter that is not a tensor")
            }
            stack.append(.tensor(tensor))
        default: throw damaged("a call with \(arguments.count) arguments")
        }
    }

    private func tensor(_ arguments: [PickleValue]) throws(CheckpointError) -> TorchTensor {
        guard case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
            let shape = Self.integers(arguments[2]), let strides = Self.integers(arguments[3])
        else { throw damaged("a tensor without storage, offset, sizes or strides") }
        guard let tensor = TorchTensor(storage, offset: offset, shape: shape, strides: strides)
        else {
            throw damaged(
                "a tensor of sizes \(shape), strides \(strides) and offset \(offset) does not lie within "
                    + "its storage of \(storage.count) elements")
        }
        return tensor
    }

    private func storage(_ value: PickleValue) throws(CheckpointError) -> TorchTensor.Storage {
        guard case .tuple(let parts, _) = value, parts.count == 5,
            case .text("storage") = parts[0], case .name(.storage(let type)) = parts[1],
            case .text(let key) = parts[2], case .integer(let count) = parts[4], count >= 0
        else { throw damaged("a reference to something that is not a storage") }
        return TorchTensor.Storage(scalarType: type, key: key, count: count)
    }

    private static func integers(_ value: PickleValue) -> [Int]? {
        guard case .tuple(let items, _) = value else { return nil }
        var found: [Int] = []
        for item in items {
            guard case .integer(let number) = item else { return nil }
            found.append(number)
        }
        return found
    }
}

// MARK: Stack and bytes

extension PickleReader {
    private mutating func pushTuple(_ items: [PickleValue]) throws(CheckpointError) {
        let depth = (items.map(\.depth).max() ?? 0) + 1
        guard depth <= Self.deepest else { throw damaged("too many tuples in each other") }
        for case .table(let table) in items { table.seal() }
        stack.append(.tuple(items, depth: depth))
    }

    /// Adds keys and values to the table on the stack.
    private func fill(_ items: [PickleValue]) throws(CheckpointError) {
        guard case .table(let table)? = stack.last, items.count % 2 == 0 else {
            throw damaged("members of something that is not a table")
        }
        for index in stride(from: 0, to: items.count, by: 2) {
            guard case .text(let key) = items[index] else {
                throw damaged("a key that is not a text, so this is not a table of tensors")
            }
            guard table.add(key, items[index + 1]) else {
                throw damaged("\(key.quoted): too many tables in each other, or one in itself")
            }
        }
    }

    private mutating func pop() throws(CheckpointError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw damaged("a value is missing")
        }
        return value
    }

    private mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw damaged("a mark is missing") }
        let items = Array(stack[mark...])
        stack.removeLast(items.count)
        return items
    }

    private mutating func remember(_ index: Int) throws(CheckpointError) {
        guard let value = stack.last else { throw damaged("a value is missing") }
        memo[index] = value
    }

    private mutating func recall(_ index: Int) throws(CheckpointError) {
        guard let value = memo[index] else { throw damaged("there is no value \(index)") }
        stack.append(value)
    }

    private func name(_ module: String, _ name: String) throws(CheckpointError) -> PickleName {
        guard let known = PickleName(module, name) else {
            throw CheckpointError(
                .unsupportedType,
                "\(file): holds \("\(module).\(name)".quoted), expected tensors of common element types "
                    + "only; a pickle with other things can run programs and is not read")
        }
        return known
    }

    private mutating func byte() throws(CheckpointError) -> UInt8 {
        guard position < bytes.count else { throw damaged("the file ends too early") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func take(_ count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - position else {
            throw damaged("the file ends too early")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// An unsigned little-endian integer.
    private mutating func integer(_ width: Int) throws(CheckpointError) -> Int {
        let value = try take(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let integer = Int(exactly: value) else { throw damaged("a number is too large") }
        return integer
    }

    /// A signed integer of any width that fits.
    private mutating func long() throws(CheckpointError) -> Int {
        let digits = try take(try integer(1))
        guard digits.count <= 8 else { throw damaged("a number is too large") }
        let value = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let last = digits.last, last >= 0x80 else {
            guard let integer = Int(exactly: value) else { throw damaged("a number is too large") }
            return integer
        }
        let missing = 64 - 8 * digits.count
        return Int(Int64(bitPattern: value << UInt64(missing)) >> Int64(missing))
    }

    private mutating func text(_ count: Int) throws(CheckpointError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw damaged("a text that is not UTF-8")
        }
        return text
    }

    private mutating func line() throws(CheckpointError) -> String {
        guard let end = bytes[position...].firstIndex(of: 10) else {
            throw damaged("the file ends too early")
        }
        defer { position += 1 }
        return try text(end - position)
    }

    private func damaged(_ what: String) -> CheckpointError {
        CheckpointError(
            .malformedFile, "\(file): byte \(position): not a pickle of tensors: \(what)")
    }
}
