import MiphaFolders
import MiphaTinyFolder
import MiphaTorch
import Testing

@Suite struct FolderRoomTests {
    @Test func `weights that do not fit are refused with what would`() throws {
        let tiny = try TinyFolder()
        let folder = try ModelFolder(tiny.path, for: "a test")
        let weights = try folder.storedTensors()
        let stored = weights.byteCount()
        #expect(weights.byteCount(dtype: .bfloat16) * 2 == stored)
        func free(_ bytes: Int) -> MachineMemory {
            MachineMemory(available: bytes, source: "free here")
        }
        func refusal(_ dtype: DType?, _ memory: MachineMemory) -> String? {
            do {
                try MachineMemory.requireRoom(
                    for: folder, dtype: dtype, on: .cpu, memory: memory)
                return nil
            } catch { return "\(error)" }
        }
        #expect(refusal(nil, free(stored)) == nil)
        #expect(refusal(.bfloat16, free(stored / 2)) == nil)
        let less = try #require(refusal(nil, free(stored - 1)))
        #expect(less.contains(folder.path) && less.contains("free here"))
        #expect(less.contains("--dtype bfloat16") && less.contains("--ignore-memory"))
        let least = try #require(refusal(.bfloat16, free(1)))
        #expect(least.contains("even in bfloat16"))
    }
}
