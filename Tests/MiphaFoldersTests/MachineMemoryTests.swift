import MiphaFiles
import MiphaFolders
import MiphaTestSupport
import Testing

struct MachineMemoryTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in ["proc/self", "groups/a/b", "groups/memory/a"] { _ = try folder.folder(name) }
        try write("MemTotal: 9000 kB\nMemAvailable:    5000 kB\n", "proc/meminfo")
    }

    private func write(_ text: String, _ name: String) throws {
        try AtomicFile.write(text, to: folder.file(name))
    }

    private var found: MachineMemory? {
        MachineMemory(proc: folder.file("proc"), groups: folder.file("groups"))
    }

    @Test func `without a control group it is what the system has to give`() {
        #expect(found?.available == 5000 << 10)
        #expect(found?.source.contains("machine") == true)
    }

    @Test func `a limit above the own group counts too, less what is used and is no cache`() throws
    {
        try write("0::/a/b\n", "proc/self/cgroup")
        try write("max\n", "groups/a/b/memory.max")
        try write("4000000\n", "groups/a/memory.max")
        try write("3000000\n", "groups/a/memory.current")
        try write("anon 5\ninactive_file 1000000\n", "groups/a/memory.stat")
        #expect(found?.available == 2_000_000)
        #expect(found?.source.contains("group") == true)
    }

    @Test func `groups of version 1 are read, and their number for no limit is none`() throws {
        try write("4:memory:/a\n1:cpu:/b\n", "proc/self/cgroup")
        try write("3000000\n", "groups/memory/a/memory.limit_in_bytes")
        try write("9223372036854771712\n", "groups/memory/memory.limit_in_bytes")
        try write("1000000\n", "groups/memory/a/memory.usage_in_bytes")
        #expect(found?.available == 2_000_000)
    }

    @Test func `a group with more than the system has does not count`() throws {
        try write("0::/a/b\n", "proc/self/cgroup")
        try write("99000000000\n", "groups/a/b/memory.max")
        #expect(found?.available == 5000 << 10)
    }

    @Test func `without files nothing is reported`() {
        let nothing = MachineMemory(proc: "/nowhere", groups: "/nowhere")
        #expect(nothing == nil)
    }
}
