import MiphaFolders
import MiphaInference
import MiphaPretend
import MiphaTinyFolder

extension TinyFolder {
    func folder() throws -> ModelFolder { try ModelFolder(path, for: "a test") }

    func bundle() throws -> sending ModelBundle {
        try ModelBundle(folder: path, for: "a test", device: .underTest)
    }
}
