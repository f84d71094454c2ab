import MiphaFiles

extension BenchmarkFiles {
    /// A picture, or where it should be when it is not there; loading it then says so.
    ///
    /// So a missing picture does not stop an evaluation before its first question.
    func expectedPicture(_ name: String, in folders: [String]) -> PictureSource {
        if let found = picture(name, in: folders) { return found }
        let folder = folders.first.map { $0.isEmpty ? "" : "\($0)/" } ?? ""
        return PictureSource(name: name, place: .file("\(path)/\(folder)\(name)"))
    }

    /// The folder to look for pictures in: this one, or the one this file is in.
    func folder() throws(EvaluationError) -> BenchmarkFiles {
        isFile ? try BenchmarkFiles(FileSystem.folder(of: path)) : self
    }
}
