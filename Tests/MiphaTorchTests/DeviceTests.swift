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
