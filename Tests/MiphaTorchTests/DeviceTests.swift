import MiphaTorch
import Testing

/// Devices by name, and tensors without elements.
@Suite struct DeviceTests {
    @Test func `device names are read and written alike`() throws {
        #expect(try Device(parsing: "cpu") == .cpu)
        #expect(Device.cuda(1).description == "cuda:1")
        #expect(Device.cpu.description == "cpu")
        let automatic = try Device(parsing: "auto")
        #expect(try Device(parsing: automatic.description) == automatic)
        #expect(try automatic == .best())
        #expect(Device.cpu.isAvailable && Device.cpu.count == 1)
    }

    @Test func `a registered device has a name, and a rank has its own`() throws {
        let count = Device.privateUse(0).count
        guard count > 0 else { return }
        let first = Device.privateUse(0)
        let kind = String(first.description.prefix { $0 != ":" })
        #expect(try Device(parsing: kind) == first)
        #expect(try Device(parsing: "privateuseone:0") == first)
        for index in 0..<count {
            let device = Device.privateUse(index)
            #expect(device.isAvailable)
            #expect(try Device(parsing: device.description) == device)
            #expect(try Device(parsing: kind, localRank: index) == device)
            #expect(try Tensor.zeros([2], device: device).device == device)
        }
        for text in ["\(kind):\(count)", "\(kind):", "\(kind):-1", "\(kind):+0"] {
            try expectFailure { _ = try Device(parsing: text) }
        }
        try expectFailure { _ = try Device(parsing: kind, localRank: count) }
        if Device.cuda(0).count == 0 {
            #expect(try Device.best(localRank: count).description != kind)
        }
    }

    @Test func `CUDA without its library says so`() throws {
        guard Device.cuda(0).count == 0 else { return }
        for text in ["cuda", "cuda:1"] {
            let error = try expectFailure { _ = try Device(parsing: text) }
            #expect(error.message.contains("no CUDA device"))
        }
        try expectFailure { _ = try Tensor.zeros([1], device: .cuda(0)) }
    }

    @Test func `only devices count their memory`() throws {
        #expect(try Device.cpu.memory() == Device.meta.memory())
        #expect(try Device.cpu.memory().used == 0)
    }

    @Test(arguments: ["gpu", "cuda:", "cuda:-1", "cuda:x", "", "CPU"])
    func `an unknown device lists the known ones`(_ name: String) throws {
        let error = try expectFailure { _ = try Device(parsing: name) }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("auto, cpu, cuda"))
    }

    @Test func `meta tensors have shapes and no values`() throws {
        let meta = try Tensor.empty([1 << 40, 8], dtype: .bfloat16, device: .meta)
        #expect(meta.device == .meta)
        #expect(meta.byteCount == 1 << 44)
        #expect(meta.description.hasPrefix("bfloat16["))
        try expectFailure { _ = try Tensor.empty([2], device: .meta).values(as: Float.self) }
        try expectFailure { _ = try Tensor.empty([2], device: .meta).absoluteMaximum() }
        #expect(throws: (any Error).self) {
            try Tensor.empty([2], device: .meta).withBytes { _ in }
        }
        try Device.cpu.synchronize()
    }

    @Test func `headers and library are of one version`() throws {
        try Engine.verifyVersion()
        #expect(Engine.loadedVersion.hasPrefix("2."))
    }
}
